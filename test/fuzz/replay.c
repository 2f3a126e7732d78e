/*
 * replay.c
 *		Gives files to a fuzz target, where there is no fuzzer.
 */
#include <stdio.h>

#include "fuzz.h"

static bool
replay(const char *path)
{
	FILE	   *file = fopen(path, "rb");
	uint8_t    *data;
	long		size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
	{
		perror(path);
		return false;
	}
	rewind(file);
	/* exactly as long, so that a read past the end is seen */
	data = malloc(size > 0 ? (size_t) size : 1);
	require(data != NULL && fread(data, 1, (size_t) size, file) == (size_t) size);
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t) size);
	free(data);
	return true;
}

int
main(int argc, char **argv)
{
	bool		good = true;

	for (int i = 1; i < argc; i++)
	{
		/* the last one named is the one that crashed */
		fprintf(stderr, "%s\n", argv[i]);
		good &= replay(argv[i]);
	}
	return good ? 0 : 1;
}
