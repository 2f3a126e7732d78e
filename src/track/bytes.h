/*
 * bytes.h
 *		Numbers as bytes, the same on every platform: little-endian, or as
 *		variable-length integers of seven bits a byte, the lowest first.  Pure C.
 */
#ifndef TRIPMETER_BYTES_H
#define TRIPMETER_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MAX_VARINT_SIZE	10

/* What is left to read; nothing is read past the end. */
typedef struct ByteReader
{
	const uint8_t *at;
	const uint8_t *end;
} ByteReader;

static inline uint8_t *
put_le32(uint8_t *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t) (value >> (8 * i));
	return out + 4;
}

static inline uint8_t *
put_le64(uint8_t *out, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t) (value >> (8 * i));
	return out + 8;
}

static inline uint32_t
get_le32(const uint8_t *in)
{
	return in[0] | (uint32_t) in[1] << 8 | (uint32_t) in[2] << 16 | (uint32_t) in[3] << 24;
}

static inline uint64_t
get_le64(const uint8_t *in)
{
	return in[0] | (uint64_t) in[1] << 8 | (uint64_t) in[2] << 16 | (uint64_t) in[3] << 24 |
		(uint64_t) in[4] << 32 | (uint64_t) in[5] << 40 | (uint64_t) in[6] << 48 | (uint64_t) in[7] << 56;
}

static inline uint8_t *
put_double(uint8_t *out, double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	return put_le64(out, bits);
}

static inline double
get_double(const uint8_t *in)
{
	uint64_t	bits = get_le64(in);
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint8_t *
put_varint(uint8_t *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*out++ = (uint8_t) (value | 0x80);
	*out++ = (uint8_t) value;
	return out;
}

static inline size_t
bytes_left(const ByteReader *in)
{
	return (size_t) (in->end - in->at);
}

static inline bool
read_byte(ByteReader *in, uint8_t *value)
{
	if (in->at == in->end)
		return false;
	*value = *in->at++;
	return true;
}

static inline bool
read_le64(ByteReader *in, uint64_t *value)
{
	if (bytes_left(in) < 8)
		return false;
	*value = get_le64(in->at);
	in->at += 8;
	return true;
}

/* False if it is cut short or longer than 64 bits. */
static inline bool
read_varint(ByteReader *in, uint64_t *value)
{
	uint8_t		byte;

	*value = 0;
	for (int shift = 0; shift < 64; shift += 7)
	{
		if (!read_byte(in, &byte) || (shift == 63 && byte > 1))
			return false;
		*value |= (uint64_t) (byte & 0x7F) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

/* A varint that must not exceed `most`. */
static inline bool
read_count(ByteReader *in, uint64_t most, uint64_t *value)
{
	return read_varint(in, value) && *value <= most;
}

/* Signed numbers of small magnitude as small unsigned ones: 0, -1, 1, -2, ... */
static inline uint64_t
zigzag(int64_t value)
{
	return ((uint64_t) value << 1) ^ (uint64_t) (value >> 63);
}

static inline int64_t
unzigzag(uint64_t value)
{
	return (int64_t) (value >> 1) ^ -(int64_t) (value & 1);
}

#endif							/* TRIPMETER_BYTES_H */
