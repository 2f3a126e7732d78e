/*
 * writer.h
 *		Writing events into the current slot of the outbox.
 */
#ifndef TRIPMETER_OUTBOX_WRITER_H
#define TRIPMETER_OUTBOX_WRITER_H

#include "utils/uuid.h"

#define OUTBOX_BUCKETS 64

typedef struct OutboxWriter OutboxWriter;

/* What an event says; the writer adds when, where and by whom. */
typedef struct OutboxEvent
{
	text	   *aggregatetype;
	text	   *aggregateid;
	text	   *type;
	Datum		payload;		/* jsonb */
	bool		payload_null;
	int64		version;		/* of the aggregate */
	bool		version_null;
	int32		schemaversion;
} OutboxEvent;

extern OutboxWriter *outbox_writer_begin(void);
extern void outbox_writer_add(OutboxWriter *writer, const OutboxEvent *event, pg_uuid_t *id);
extern void outbox_writer_end(OutboxWriter *writer);
extern int32 outbox_bucket(text *aggregatetype, text *aggregateid);

#endif							/* TRIPMETER_OUTBOX_WRITER_H */
