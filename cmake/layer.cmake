# picky_layer(NAME SOURCES ... [PUBLIC_LINK ...] [PRIVATE_LINK ...]): one layer of the project, the static library NAME.
# The folder that calls it is the library's only include folder, and what it links may be lower layers only: so an include
# that points up or sideways does not compile. PUBLIC_LINK is what its headers include too, PRIVATE_LINK what its own
# sources alone do.
function(picky_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 layer "" "" "SOURCES;PUBLIC_LINK;PRIVATE_LINK")
  if(layer_UNPARSED_ARGUMENTS OR NOT layer_SOURCES)
    message(FATAL_ERROR "picky_layer(${name}): SOURCES, PUBLIC_LINK and PRIVATE_LINK are its arguments, not: "
                        "${layer_UNPARSED_ARGUMENTS}")
  endif()
  add_library(${name} STATIC ${layer_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC picky_flags ${layer_PUBLIC_LINK} PRIVATE ${layer_PRIVATE_LINK})
endfunction()
