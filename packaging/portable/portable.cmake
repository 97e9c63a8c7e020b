# The portable build links static libraries instead of the distribution's shared ones. Its programs need only libc up to
# GLIBC_2.34, libm, libgcc_s and libsystemd (tests/e2e/cases/portable-packages-run-on-glibc-2.34). CMakeLists.txt
# includes this file before it looks for other libraries.
include(FetchContent)
set(OPENSSL_USE_STATIC_LIBS ON)
set(Protobuf_USE_STATIC_LIBS ON)
set(Boost_USE_STATIC_LIBS ON)
set(ZLIB_USE_STATIC_LIBS ON)
find_package(PkgConfig REQUIRED)

# archives(TARGET MODULE): makes TARGET from pkg-config's MODULE and its dependencies, static where a static library
# exists.
function(archives target module)
  pkg_check_modules(${module} REQUIRED ${module})
  foreach(name IN LISTS ${module}_STATIC_LIBRARIES)
    find_library(KAGENT_ARCHIVE_${name} lib${name}.a)
    mark_as_advanced(KAGENT_ARCHIVE_${name})
    if(KAGENT_ARCHIVE_${name})
      list(APPEND files ${KAGENT_ARCHIVE_${name}})
    else()
      list(APPEND files ${name})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES files)
  string(REPLACE ";" "," files "${files}")
  add_library(${target} INTERFACE IMPORTED)
  target_link_libraries(${target} INTERFACE $<LINK_GROUP:RESCAN,${files}>)
endfunction()

archives(gRPC::grpc++ grpc++)
archives(yaml-cpp yaml-cpp)
archives(re2::re2 re2)
find_library(SQLite3_LIBRARY libsqlite3.a REQUIRED)

# Debian has no static libraries of these; they are used as headers only.
add_library(fmt::fmt INTERFACE IMPORTED)
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY=1)
add_library(spdlog::spdlog INTERFACE IMPORTED)
target_link_libraries(spdlog::spdlog INTERFACE fmt::fmt)
add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED)
target_compile_definitions(tomlplusplus::tomlplusplus INTERFACE TOML_HEADER_ONLY=1)

# The same version as Debian's sdbus-c++-xml2cpp. Without a network, unpack the source and set
# -DFETCHCONTENT_SOURCE_DIR_SDBUS-C++=FOLDER.
set(BUILD_DOC OFF)
set(BUILD_CODE_GEN OFF)
FetchContent_Declare(sdbus-c++
  URL https://github.com/Kistler-Group/sdbus-cpp/archive/refs/tags/v1.2.0.tar.gz
  URL_HASH SHA256=7f7231904abb6a996b8c18ddc5fb50078ef5dff5191649abf9f127aff41d24e9
  DOWNLOAD_EXTRACT_TIMESTAMP OFF SYSTEM)
FetchContent_MakeAvailable(sdbus-c++)
target_compile_options(sdbus-c++-objlib PRIVATE -ffunction-sections -fdata-sections
  -ffile-prefix-map=${sdbus-c++_SOURCE_DIR}/=sdbus-c++/)
add_library(SDBusCpp::sdbus-c++ ALIAS sdbus-c++)

# Each program gets kagent's own arc4random(), because glibc has one only since 2.36.
add_library(kagent_portable OBJECT ${CMAKE_CURRENT_LIST_DIR}/arc4random.cpp)
link_libraries($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:kagent_portable>>)
add_link_options(-static-libstdc++)
