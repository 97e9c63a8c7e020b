// Boost.Beast's compiled parts (BOOST_BEAST_SEPARATE_COMPILATION): target kagent_beast.
#include <boost/beast/src.hpp>
