EXTENSION = tripmeter
EXTVERSION = 0.1.0

MODULE_big = tripmeter
OBJS = src/tripmeter.o \
	src/geo/geodesic.o src/geo/gserialized.o src/geo/geo_fn.o \
	src/track/int_column.o src/track/block_codec.o \
	src/track/track_format.o src/track/track_writer.o \
	src/track/fix_transfer.o src/track/fix_buffer.o \
	src/mileage/leg_classifier.o src/mileage/policy_io.o \
	src/mileage/policy_fn.o src/mileage/measurement.o \
	src/mileage/mileage_agg.o
headers = $(wildcard src/*.h src/*/*.h)

# The install script, room by room in the order of their dependencies.
SQL = src/tripmeter.sql src/geo/geo.sql src/mileage/policy.sql src/mileage/mileage.sql
DATA_built = $(EXTENSION)--$(EXTVERSION).sql

# Results must not differ between machines: no contraction, no fast-math.
PG_CFLAGS = -ffp-contract=off -Wall -Wextra -Wno-declaration-after-statement
# As system headers, PostgreSQL's own give no warnings.
PG_CPPFLAGS = -I$(srcdir)/src -isystem $(shell $(PG_CONFIG) --includedir-server)
SHLIB_LINK = -lproj -lm

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=postgis --load-extension=$(EXTENSION)
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=test/isolation \
	--load-extension=postgis --load-extension=$(EXTENSION)
EXTRA_CLEAN = test/isolation/results test/isolation/regression.* test/unit/*_test

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# What JIT inlines must give the same bits as what it does not.
override BITCODE_CFLAGS += -ffp-contract=off

# PGXS tracks no headers.
$(OBJS): $(headers)

$(EXTENSION)--$(EXTVERSION).sql: $(SQL)
	(printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; cat $(SQL)) > $@
