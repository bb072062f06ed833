# Writes sources_hash.h: a hash of all sources of the core, by their contents and their paths below SOURCE_DIR. Run at every
# build; the file is touched only if the hash changes.
set(list "")
foreach(folder base model jobs)
  file(GLOB_RECURSE sources RELATIVE ${SOURCE_DIR} ${SOURCE_DIR}/${folder}/*.c ${SOURCE_DIR}/${folder}/*.h)
  list(SORT sources)
  foreach(source IN LISTS sources)
    file(SHA256 ${SOURCE_DIR}/${source} hash)
    string(APPEND list "${source} ${hash}\n")
  endforeach()
endforeach()
string(SHA256 hash "${list}")
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[/* Written by the build: the sources of src/base, model and jobs. */
#define SOURCES_HASH "@hash@"
]] @ONLY)
