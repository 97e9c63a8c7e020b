// Boost.Asio and its TLS, compiled once (BOOST_ASIO_SEPARATE_COMPILATION): target kagent_asio.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
