// Prints the machine's table: print_table names|rows|dot
//   names  its enumerators as Promela constants
//   rows   its rows as options of a Promela `if`
//   dot    a diagram for Graphviz
#include <iostream>
#include <set>
#include <string_view>

#include "names.hpp"

namespace {

using hub::rotation::kTransitions;
using hub::rotation::to_text;
using hub::rotation::Transition;

template <class Enum>
void print_constants(std::string_view prefix) {
  for (int value = 0; !to_text(static_cast<Enum>(value)).empty(); ++value)
    std::cout << "#define " << prefix << to_text(static_cast<Enum>(value)) << " " << value << "\n";
}

void print_names() {
  print_constants<hub::rotation::State>("State_");
  print_constants<hub::rotation::Event>("Event_");
  print_constants<hub::rotation::Action>("Action_");
}

void print_rows() {
  for (const Transition& row : kTransitions) {
    std::cout << "ROW(State_" << to_text(row.state) << ", Event_" << to_text(row.event)
              << ", Action_" << to_text(row.action) << ", State_" << to_text(row.next) << ")\n";
  }
}

void print_dot() {
  std::cout << "// The table of machine.hpp, drawn by tests/model/print_table.cpp.\n"
               "digraph rotation {\n"
               "  node [shape=box, style=rounded];\n"
               "  Done, Stopped [peripheries=2];\n";
  std::set<hub::rotation::State> starts;
  for (const Transition& row : kTransitions) {
    if (row.event == hub::rotation::Event::kBegin && starts.insert(row.state).second)
      std::cout << "  " << to_text(row.state) << " [style=\"rounded,bold\"];\n";
  }
  for (const Transition& row : kTransitions) {
    std::cout << "  " << to_text(row.state) << " -> " << to_text(row.next) << " [label=\""
              << to_text(row.event) << " / " << to_text(row.action) << "\"];\n";
  }
  std::cout << "}\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what == "names") {
    print_names();
  } else if (what == "rows") {
    print_rows();
  } else if (what == "dot") {
    print_dot();
  } else {
    std::cerr << "usage: print_table names|rows|dot\n";
    return 2;
  }
  return 0;
}
