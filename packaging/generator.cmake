# CPack reads this file for each generator. Only .deb has packages for debug symbols; programs in an .rpm are stripped.
if(CPACK_GENERATOR STREQUAL RPM)
  set(CPACK_STRIP_FILES ON)
endif()
