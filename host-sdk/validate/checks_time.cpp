// Calls that are cancelled or out of time.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "session.hpp"

namespace hub::validate {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLimit(200);
constexpr milliseconds kUnderWay(100);  // after so long a call waits for whatever it waits for
constexpr milliseconds kLong(5000);
constexpr int kTries = 3;  // of which one must keep the limit: the machine may be busy

enum class EndsBy { kCancel, kDeadline };

/// How late a call came back after it was told to, or nothing when it was back before.
std::optional<milliseconds> lateness(Session& session, hub_instance* instance, const Input& input,
                                     EndsBy by) {
  const auto began = steady_clock::now();
  std::jthread canceller;
  if (by == EndsBy::kCancel) {
    canceller = std::jthread([&](const std::stop_token& returned) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      wake.wait_until(lock, returned, began + kUnderWay, [] { return false; });
      if (!returned.stop_requested()) session.host().cancel();
    });
  }
  session.invoke(instance, input.operation, input.request);
  const auto took = steady_clock::now() - began;
  if (canceller.joinable()) {
    canceller.request_stop();
    canceller.join();
  }
  session.host().resume();
  if (took < kUnderWay) return std::nullopt;
  return std::chrono::duration_cast<milliseconds>(took - kUnderWay);
}

/// Whether each operation comes back in time, with a server that behaves so.
std::function<Verdict(const Subject&)> comes_back(EndsBy by, Servers::Kind server) {
  return [=](const Subject& subject) -> Verdict {
    if (!subject.names_server()) {
      return skipped(
          "give --config FILE with {server} where the server's https URL belongs, and "
          "{ca_file} where what to trust");
    }
    Session session(subject, {.server = server});
    hub_instance* const instance = session.begin();
    session.set_timeout(by == EndsBy::kDeadline ? kUnderWay : kLong);
    std::optional<milliseconds> worst;
    for (const Input& each : requests(session, subject.seed, 0, 0)) {
      std::optional<milliseconds> best;
      for (int i = 0; i < kTries && (i == 0 || (best && *best > kLimit)); ++i) {
        const auto late = lateness(session, instance, each, by);
        best = i == 0 ? late : std::min(best, late);
      }
      if (best && *best > kLimit)
        return failed(each.operation + " came back after " + std::to_string(best->count()) + " ms");
      worst = std::max(worst, best);
    }
    session.end(instance);
    if (!worst) return skipped("no operation waited for the server");
    return passed("within " + std::to_string(worst->count()) + " ms");
  };
}

/// Whether each operation comes back in time when it has no time from the beginning.
std::function<Verdict(const Subject&)> comes_back_at_once(EndsBy by) {
  return [=](const Subject& subject) -> Verdict {
    Session session(subject);
    hub_instance* const instance = session.begin();
    session.set_timeout(by == EndsBy::kDeadline ? milliseconds(0) : kLong);
    if (by == EndsBy::kCancel) session.host().cancel();
    for (const Input& each : requests(session, subject.seed, 0, 0)) {
      milliseconds best = kLong;
      for (int i = 0; i < kTries && best > kLimit; ++i)
        best = std::min(best, session.invoke(instance, each.operation, each.request).took);
      if (best > kLimit)
        return failed(each.operation + " came back after " + std::to_string(best.count()) + " ms");
    }
    session.end(instance);
    return passed();
  };
}

}  // namespace

Checks time_checks() {
  const std::string advice =
      "wait in poll() for at most remaining_ns, and let on_cancel wake it, such as by shutdown(2) "
      "of the socket";
  const std::string needs = "HUB-U-02.a";
  return {
      {"HUB-C-11.a", "a call that was cancelled before comes back within 200 ms", advice, needs,
       comes_back_at_once(EndsBy::kCancel)},
      {"HUB-C-11.b", "a call without time comes back within 200 ms", advice, needs,
       comes_back_at_once(EndsBy::kDeadline)},
      {"HUB-C-11.c", "cancelled in the handshake, a call comes back within 200 ms", advice, needs,
       comes_back(EndsBy::kCancel, Servers::kNeverShakesHands)},
      {"HUB-C-11.d", "out of time in the handshake, a call comes back within 200 ms", advice, needs,
       comes_back(EndsBy::kDeadline, Servers::kNeverShakesHands)},
      {"HUB-C-11.e", "cancelled while the server says nothing, a call comes back within 200 ms",
       advice, needs, comes_back(EndsBy::kCancel, Servers::kNeverAnswers)},
      {"HUB-C-11.f", "out of time while the server says nothing, a call comes back within 200 ms",
       advice, needs, comes_back(EndsBy::kDeadline, Servers::kNeverAnswers)},
      {"HUB-C-11.g", "cancelled in the middle of an answer, a call comes back within 200 ms",
       advice, needs, comes_back(EndsBy::kCancel, Servers::kStopsHalfway)},
      {"HUB-C-11.h", "out of time in the middle of an answer, a call comes back within 200 ms",
       advice, needs, comes_back(EndsBy::kDeadline, Servers::kStopsHalfway)},
  };
}

}  // namespace hub::validate
