// sample-host is killed with SIGKILL at each system call by which it changes anything or waits for
// the workspace, in a run of its own, and is then run again as an operator would.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "integration/fixture.hpp"

namespace integration {
namespace {

// The program dies as it enters one of them: what came before has happened, the call has not.
constexpr const char* kCalls =
    "write,pwrite64,fsync,fdatasync,ftruncate,unlink,rename,link,connect,ppoll";

/// The n-th call of one kind.
struct Point {
  std::string call;
  int number;
};

// Two of four are run at a time on two cores.
constexpr std::size_t kShards = 4;

// A sanitizer makes each of five programs a point slow, and finds the same at each point.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStride = 6;
#else
constexpr std::size_t kStride = 1;
#endif

class Killed : public HostTest,
               public testing::WithParamInterface<std::tuple<const char*, std::size_t>> {
 protected:
  Killed() {
    // The leak checker is a tracer itself, and one process has one tracer.
    environment["ASAN_OPTIONS"] = "detect_leaks=0";
  }

  Finished trace(const std::vector<std::string>& options,
                 const std::vector<std::string>& arguments) const {
    std::vector<std::string> tracer = {STRACE, "-f", "-qq", "-s", "0"};
    tracer.insert(tracer.end(), options.begin(), options.end());
    std::vector<std::string> all = {"--config", path("host.json").string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return start(all, tracer)->wait();
  }

  /// Runs the command undisturbed.
  std::vector<Point> points_of(const std::vector<std::string>& command) const {
    const std::string file = path("trace").string();
    EXPECT_EQ(trace({"-o", file, "-e", std::string("trace=") + kCalls}, command).code, 0);
    std::vector<Point> points;
    std::map<std::string, int> count;
    std::ifstream lines(file);
    std::string process;
    for (std::string line; lines >> process && std::getline(lines >> std::ws, line);) {
      const std::size_t end = line.find('(');
      if (end == std::string::npos) continue;  // how a process ended
      const std::string call = line.substr(0, end);
      points.push_back({call, ++count[call]});
    }
    return points;
  }

  /// A store that was never used, and a workspace without tokens of the principal.
  void start_anew() const {
    for (const char* file : {"slots.db", "slots.db-wal", "slots.db-shm", "slots.key"})
      std::filesystem::remove(path(file));
    for (const std::string& token : live())
      workspace.admin("DELETE", "/api/2.0/token-management/tokens/" + token);
  }

  std::vector<std::string> live() const {
    return workspace.live_tokens(workspace.principal("data-pipeline").application_id);
  }

  /// Brings the slot to where `command` is the next step of the demo.
  void prepare(const std::vector<std::string>& command) const {
    start_anew();
    if (command.front() == "create-token") return;
    ASSERT_EQ(host({"create-token", "local"}).code, 0);
  }
};

TEST_P(Killed, LeavesOneLiveTokenWhenItIsRunAgain) {
  const auto& [name, shard] = GetParam();
  std::vector<std::string> command = {name, "local"};
  if (command.front() == "rotate-token") command.insert(command.end(), {"--when", "now"});
  ASSERT_NO_FATAL_FAILURE(prepare(command));
  const std::vector<Point> points = points_of(command);
  ASSERT_GE(points.size(), 60U) << "the trace has lost calls";

  std::size_t tried = 0;
  std::size_t killed = 0;
  for (std::size_t i = shard; i < points.size(); i += kShards * kStride) {
    const auto& [call, number] = points[i];
    SCOPED_TRACE(std::string(name) + " killed at " + call + " " + std::to_string(number));
    ASSERT_NO_FATAL_FAILURE(prepare(command));
    const Finished ended = trace({"-o", "/dev/null", "-e", "trace=" + call, "-e",
                                  "inject=" + call + ":signal=KILL:when=" + std::to_string(number)},
                                 command);
    ++tried;
    killed += ended.signal == SIGKILL ? 1 : 0;
    workspace.wait_until_idle();  // a request that was under way has its effect

    // A killed create-token is run again; that there is a token already is no failure. Neither
    // waits for the dead one's lease, which would be exit code 3.
    if (command.front() == "create-token") {
      EXPECT_LE(host({"create-token", "local"}).code, 1);
    }
    EXPECT_EQ(host({"rotate-token", "local"}).code, 0);
    EXPECT_EQ(host({"sweep", "local"}).code, 0);

    const auto slot = json({"tokens", "local"}, 0)->getObject("result");
    ASSERT_FALSE(slot->isNull("current"));
    EXPECT_EQ(live(), std::vector{slot->getObject("current")->getValue<std::string>("token_id")});
    EXPECT_TRUE(slot->isNull("pending"));
    EXPECT_EQ(slot->getArray("previous")->size(), 0U);
    EXPECT_EQ(answer_to(reveal()), 200);
    if (HasFailure()) return;  // the others would say the same
  }
  std::cout << name << " was killed at " << killed << " of " << points.size() << " points\n";
  EXPECT_GE(killed, tried * 9 / 10) << "it was not killed where it should be";
}

INSTANTIATE_TEST_SUITE_P(Command, Killed,
                         testing::Combine(testing::Values("create-token", "rotate-token"),
                                          testing::Range<std::size_t>(0, kShards)),
                         [](const auto& parameters) {
                           std::string text(std::get<0>(parameters.param));
                           std::replace(text.begin(), text.end(), '-', '_');
                           return text + "_" + std::to_string(std::get<1>(parameters.param));
                         });

}  // namespace
}  // namespace integration
