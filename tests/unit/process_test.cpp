// What the tests' own Process promises.
#include "support/process.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <stdexcept>

namespace {

using std::chrono::milliseconds;
using test_support::Process;

TEST(Process, LeavesNothingRunningThatItsProgramStarted) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  {
    Process shell({"/bin/sh", "-c", "sleep 600 & wait"}, {}, milliseconds(100));
    ::close(ends[1]);  // the two have it now
    EXPECT_THROW(shell.wait(), std::runtime_error);
  }
  pollfd closed{.fd = ends[0], .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&closed, 1, 10000), 1);
  ::close(ends[0]);
}

}  // namespace
