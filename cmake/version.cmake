# Writes version.h at build time, so that the git revision is that of the build and not of the configuration.
execute_process(COMMAND git describe --always --dirty --abbrev=12 WORKING_DIRECTORY ${SOURCE_DIR}
                OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(revision "no git revision")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[/* Written by the build. */
#define PICKY_VERSION      "@VERSION@"
#define PICKY_GIT_REVISION "@revision@"
#define PICKY_COMPILER     "@COMPILER@"
#define PICKY_FLAGS        "@FLAGS@"
]] @ONLY)
