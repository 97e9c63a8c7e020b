# Read by CPack for each generator. Debug symbols are packages of their own in .deb only; what goes into
# an .rpm is stripped.
if(CPACK_GENERATOR STREQUAL RPM)
  set(CPACK_STRIP_FILES ON)
endif()
