// The life of a connector: its order, its threads, its end.
#include <thread>

#include "runner.hpp"
#include "samples.hpp"
#include "session.hpp"

namespace hub::validate {
namespace {

constexpr std::size_t kConfigs = 60;
constexpr std::size_t kRequests = 40;
constexpr std::size_t kParallel = 4;

Verdict lives(const Subject& subject) {
  Session session(subject);
  return passed(std::to_string(live(session, subject.seed, 0, 0).size()) + " calls");
}

Verdict is_stable(const Subject& subject) {
  Session session(subject);
  const std::string first = session.describe();
  std::string on_thread;
  std::thread([&] { on_thread = session.describe(); }).join();
  session.start();
  const std::string started = session.describe();
  session.stop();
  if (on_thread != first) return failed("it is another on another thread");
  if (started != first) return failed("it is another once it has started");
  if (session.describe() != first) return failed("it is another once it has stopped");
  return passed();
}

Verdict survives_configurations(const Subject& subject) {
  Session session(subject);
  const std::string config = session.config();
  Samples samples(session.description().config, subject.seed);
  std::vector<std::string> tried = samples.valid_changes(config, kConfigs / 3);
  for (std::string& each : samples.broken(config, kConfigs)) tried.push_back(std::move(each));
  if (session.start().status != HUB_OK) return skipped("it does not start");
  for (const std::string& each : tried) {
    hub_instance* instance = nullptr;
    if (session.open(each, instance).status == HUB_OK && instance != nullptr)
      session.close(instance);
  }
  session.stop();
  return passed(std::to_string(tried.size()) + " configurations");
}

Verdict survives_requests(const Subject& subject) {
  Session session(subject);
  const auto answers = live(session, subject.seed, kRequests / 4, kRequests);
  return passed(std::to_string(answers.size()) + " calls");
}

Verdict starts_and_opens(const Subject& subject) {
  // A server that would hold up an open that talks to it.
  Session session(subject, {.server = Servers::kNeverShakesHands});
  if (const Answer answer = session.start(); answer.status != HUB_OK)
    return failed("start answered " + answer.in_words());
  hub_instance* instance = nullptr;
  if (const Answer answer = session.open(session.config(), instance); answer.status != HUB_OK) {
    return subject.config ? failed("open answered " + answer.in_words())
                          : warned("open answered " + answer.in_words() + "; give --config FILE");
  }
  if (instance == nullptr) return failed("open answered ok, and there is no instance");
  session.end(instance);
  return passed();
}

Verdict takes_several_instances(const Subject& subject) {
  Session session(subject);
  std::vector<hub_instance*> instances{session.begin()};
  for (int i = 0; i < 2; ++i) {
    hub_instance* instance = nullptr;
    if (const Answer answer = session.open(session.config(), instance); answer.status != HUB_OK)
      return failed("a further open answered " + answer.in_words());
    instances.push_back(instance);
  }
  for (const Input& each : requests(session, subject.seed, 0, 0)) {
    for (hub_instance* const instance : instances)
      session.invoke(instance, each.operation, each.request);
  }
  session.close(instances[1]);
  for (const Input& each : requests(session, subject.seed, 0, 0))
    session.invoke(instances[2], each.operation, each.request);
  session.close(instances[0]);
  session.end(instances[2]);
  return passed();
}

Verdict ends_after_stop(const Subject& subject) {
  static Session& session = *new Session(subject);  // its tables are there until the end
  hub_instance* const instance = session.begin();
  for (const Input& each : requests(session, subject.seed, 0, 0))
    session.invoke(instance, each.operation, each.request);
  session.end(instance);
  return passed();
}

std::vector<Answer> ask(Session& session, hub_instance* instance,
                        const std::vector<Input>& inputs) {
  std::vector<Answer> answers;
  for (const Input& each : inputs)
    answers.push_back(session.invoke(instance, each.operation, each.request));
  return answers;
}

/// What is answered the same before and after is answered so in between, in parallel.
Verdict runs_in_parallel(const Subject& subject) {
  Session session(subject);
  std::vector<hub_instance*> instances{session.begin()};
  while (instances.size() < kParallel) {
    hub_instance* instance = nullptr;
    if (const Answer answer = session.open(session.config(), instance); answer.status != HUB_OK)
      return failed("a further open answered " + answer.in_words());
    instances.push_back(instance);
  }
  const auto inputs = requests(session, subject.seed, 4, 0);
  std::vector<std::vector<Answer>> before(kParallel), together(kParallel), after(kParallel);
  const auto ask_into = [&](std::vector<std::vector<Answer>>& answers, std::size_t i) {
    answers[i] = ask(session, instances[i], inputs);
  };
  for (std::size_t i = 0; i < kParallel; ++i) ask_into(before, i);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kParallel; ++i)
    threads.emplace_back([&, i] { ask_into(together, i); });
  for (std::thread& each : threads) each.join();
  for (std::size_t i = 0; i < kParallel; ++i) ask_into(after, i);
  for (hub_instance* const instance : instances) session.close(instance);
  session.stop();
  for (std::size_t i = 0; i < kParallel; ++i) {
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      const Answer& once = before[i][j];
      if (once.status == HUB_OK && once.response == after[i][j].response &&
          once.response != together[i][j].response)
        return failed(once.call + " answered otherwise while other instances ran");
    }
  }
  return passed(std::to_string(inputs.size() * kParallel) + " calls on " +
                std::to_string(kParallel) + " threads");
}

Verdict moves_between_threads(const Subject& subject) {
  Session session(subject);
  hub_instance* const instance = session.begin();
  for (const Input& each : requests(session, subject.seed, 0, 0))
    std::thread([&] { session.invoke(instance, each.operation, each.request); }).join();
  std::thread([&] { session.close(instance); }).join();
  session.stop();
  return passed();
}

Verdict undoes_on_cancel(const Subject& subject) {
  Session session(subject);
  live(session, subject.seed, 2, 0);
  session.host().end_calls();
  for (const std::string& each : session.host().violations()) {
    if (each.find("callback") != std::string::npos) return failed(each);
  }
  return passed();
}

}  // namespace

Checks life_checks() {
  const std::string throws =
      "catch everything at the edge, as HUB_EXPORT_CONNECTOR(Class) does, and end no process";
  const std::string survives =
      "return INVALID_ARGUMENT for what cannot be understood; the same "
      "--seed tries the same again";
  return {
      {"HUB-E-01.a", "nothing is thrown and nothing crashes in a plain life", throws, "HUB-L-11.a",
       lives},
      {"HUB-L-11.b", "it describes itself the same at any time, on any thread",
       "let describe() depend on nothing", "HUB-E-01.a", is_stable},
      {"HUB-U-02.a", "it starts, opens a connection, closes it and stops",
       "let start() and open() succeed without network and secrets", "HUB-E-01.a",
       starts_and_opens},
      {"HUB-U-02.b", "it takes several instances, in any order",
       "keep in the instance what belongs to the instance", "HUB-U-02.a", takes_several_instances},
      {"HUB-E-01.b", "no configuration makes it crash", survives, "HUB-U-02.a",
       survives_configurations},
      {"HUB-E-01.c", "no request makes it crash", survives, "HUB-U-02.a", survives_requests},
      {"HUB-U-01.a", "after stop the process ends as ever, with exit code 0",
       "let stop() do all clean-up, and static objects need none", "HUB-U-02.a", ends_after_stop,
       true},
      {"HUB-U-01.b", "a process that only loads it ends as ever, with exit code 0",
       "let static objects need no start", "HUB-L-08",
       [](const Subject& subject) {
         load(subject);
         return passed();
       },
       true},
      {"HUB-T-01.a", "instances run in parallel", "guard what instances share by a mutex",
       "HUB-U-02.a", runs_in_parallel},
      {"HUB-T-01.b", "an instance moves from thread to thread",
       "keep nothing in thread_local variables between calls", "HUB-U-02.a", moves_between_threads},
      {"HUB-T-02", "what on_cancel registered is removed before the call returns",
       "use hub::OnCancel, whose destructor does it", "HUB-U-02.a", undoes_on_cancel},
  };
}

}  // namespace hub::validate
