// Makes the machines before anything has a thread, and then runs the tests.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <optional>

#include "crash/fixture.hpp"

namespace crash {
namespace {

struct Machines {
  Clock clock;
  Machine a{clock};
  Machine b{clock};
};

// From main's begin to its end.
std::optional<Machines> machines;
std::optional<World> world;

}  // namespace

World& the_world() {
  if (!world) world.emplace(machines->clock, machines->a, machines->b);
  return *world;
}

}  // namespace crash

int main(int argc, char** argv) {
  ::umask(077);
  crash::machines.emplace();  // forks, while there is one thread
  testing::InitGoogleTest(&argc, argv);
  const int failed = RUN_ALL_TESTS();
  crash::world.reset();
  crash::machines.reset();
  return failed;
}
