# Writes a header that holds a text file as a string constant, NAME, so that there is one copy of it in the sources.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Written by the build, from ${INPUT}. */\nstatic const char ${NAME}[] = {\n${bytes}0};\n")
