// Overload: one function object out of several, for std::visit: a case that is
// not answered does not compile.
#pragma once

namespace p2pchat {

template <class... Cases>
struct Overload : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overload(Cases...) -> Overload<Cases...>;

}  // namespace p2pchat
