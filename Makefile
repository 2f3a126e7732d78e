EXTENSION = tripmeter
EXTVERSION = 0.5.0

MODULE_big = tripmeter
OBJS = src/tripmeter.o \
	src/geo/geodesic.o src/geo/gserialized.o src/geo/geo_fn.o \
	src/track/int_column.o src/track/block_codec.o \
	src/track/track_format.o src/track/track_writer.o \
	src/track/fix_transfer.o src/track/fix_buffer.o \
	src/track/track_text.o src/track/track_value.o src/track/track_window.o \
	src/track/track_merge.o src/track/track_io.o \
	src/track/track_agg.o src/track/track_fn.o src/track/track_part.o \
	src/track/track_cast.o src/track/track_shape.o src/track/track_json.o src/track/track_gpx.o \
	src/mileage/leg_classifier.o src/mileage/policy_io.o \
	src/mileage/policy_fn.o src/mileage/measurement.o \
	src/mileage/mileage_agg.o src/mileage/windows.o src/mileage/periods.o \
	src/mileage/track_measure.o src/mileage/track_periods.o \
	src/mileage/stop_finder.o src/mileage/stops_fn.o \
	src/mileage/odometer.o src/mileage/reading_buffer.o src/mileage/odometer_agg.o \
	$(addprefix src/billing/money/, exact.o currency.o stored_amount.o amount_fn.o) \
	$(addprefix src/billing/tariff/, names.o clock.o condition.o timeline.o zone.o \
		server_memory.o compiled.o json_place.o field.o read.o read_attribute.o read_charge.o \
		read_condition.o read_date.o read_meter.o read_plan.o read_rate.o value.o io.o) \
	$(addprefix src/billing/fare/, judge.o edges.o pieces.o factor.o bill.o rates.o meter.o \
		adjustments.o limits.o tax.o rounding.o fare.o monotone.o datum.o arguments.o \
		attributes.o site.o track_legs.o fn.o) \
	$(addprefix src/billing/lint/, text.o grid.o amounts.o hours.o tiers.o coverage.o lint.o fn.o) \
	$(addprefix src/billing/invoice/, day_amounts.o invoice.o state.o row.o settle.o agg.o \
		shares.o fn.o) \
	src/outbox/ring/uuid7.o src/outbox/ring/catalog.o src/outbox/ring/slot.o \
	src/outbox/ring/marks.o src/outbox/ring/writer.o src/outbox/ring/emit_fn.o src/outbox/ring/scan.o \
	src/outbox/ring/row.o src/outbox/ring/tick_fn.o src/outbox/ring/tick_scan_fn.o \
	src/outbox/ring/position_fn.o src/outbox/ring/on_behalf_fn.o \
	src/outbox/capture/settings.o src/outbox/capture/jsonb_object.o src/outbox/capture/payload.o \
	src/outbox/capture/condition.o src/outbox/capture/depends.o \
	src/outbox/capture/source_read.o src/outbox/capture/source_compile.o \
	src/outbox/capture/source.o src/outbox/capture/pairs.o src/outbox/capture/trigger_fn.o \
	src/outbox/capture/cover.o src/outbox/capture/follow_fn.o \
	src/outbox/delivery/wait_fn.o src/outbox/delivery/window_fn.o
headers = $(wildcard src/*.h src/*/*.h src/*/*/*.h)

# The install script, room by room in the order of their dependencies.
SQL = src/tripmeter.sql src/geo/geo.sql src/track/track.sql src/track/track_compare.sql \
	src/mileage/policy.sql src/mileage/mileage.sql src/mileage/track_mileage.sql \
	src/mileage/odometer.sql src/mileage/reconcile.sql \
	src/billing/tariff/tariff.sql src/billing/lint/lint.sql src/billing/money/amount.sql \
	src/billing/tariff/table.sql src/billing/tariff/gbfs.sql src/billing/fare/fare.sql \
	src/billing/invoice/invoice.sql \
	src/outbox/ring/event.sql src/outbox/capture/capture.sql \
	src/outbox/ring/tick.sql src/outbox/delivery/consumer.sql src/outbox/delivery/retry.sql src/outbox/delivery/delivery.sql \
	src/outbox/delivery/dead.sql src/outbox/delivery/inbox.sql src/outbox/ring/retention.sql src/outbox/delivery/operation.sql \
	src/array_types.sql src/rights.sql
FULL_SCRIPT = $(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(FULL_SCRIPT)
# Updates from released versions. They are written by hand and frozen at release.
DATA = $(wildcard src/upgrade/*.sql)

# Results must not differ between machines: no contraction, no fast-math.
PG_CFLAGS = -ffp-contract=off -Wall -Wextra -Wno-declaration-after-statement
# Export only what the server looks up by name; src/compat.h marks it. PostgreSQL 16 and
# later pass this flag themselves.
PG_CFLAGS += -fvisibility=hidden
# As system headers, PostgreSQL's own give no warnings.
PG_CPPFLAGS = -I$(srcdir)/src -isystem $(shell $(PG_CONFIG) --includedir-server)
SHLIB_LINK = -lproj -lm

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=postgis --load-extension=$(EXTENSION)
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=test/isolation \
	--load-extension=postgis --load-extension=$(EXTENSION)
# Scripts of a version before this one are left over here, too.
EXTRA_CLEAN = $(EXTENSION)--*.sql \
	test/isolation/results test/isolation/regression.* test/unit/*_test test/unit/*.o \
	test/fuzz/*_fuzz test/fuzz/*_replay test/fuzz/make_seeds

# No bitcode for JIT. Code inlined from it could not call functions that the library hides,
# and it would be a second compilation of arithmetic that promises its bits. PostgreSQL 15 and
# 17 inline nothing from it: their forwarding function lacks the caller's target attributes.
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Loops over the columns of a block are worth vectors; a root that sets errno is not one.
src/geo/geodesic.o src/track/int_column.o src/track/block_codec.o: \
	override CFLAGS += -O3 -fno-math-errno

# PGXS tracks no headers.
$(OBJS): $(headers)

# The list of files is in the Makefile.
$(FULL_SCRIPT): $(SQL) Makefile
	(printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; cat $(SQL:%=$(srcdir)/%)) > $@
