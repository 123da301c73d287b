// What is lent, and for how long.
#include <algorithm>
#include <iterator>

#include "session.hpp"

namespace hub::validate {
namespace {

constexpr std::size_t kBeyond = 128;

/// A life in which what is lent lies so; who misuses it dies.
std::function<Verdict(const Subject&)> lives_with(const Lending& lending) {
  return [lending](const Subject& subject) {
    Session session(subject, {.lending = lending});
    return passed(std::to_string(live(session, subject.seed, 2, 0).size()) + " calls");
  };
}

Verdict answers_the_same_to_a_younger_host(const Subject& subject) {
  const SessionOptions younger{.lending = {.beyond = kBeyond}};
  Session session(subject, younger);
  if (const Answer answer = session.start(); answer.status != HUB_OK)
    return failed("start answered " + answer.in_words() + " to a younger host");
  const auto answers_to = [&](const SessionOptions& options) {
    hub_instance* instance = nullptr;
    std::vector<Answer> answers{session.open(session.config(), instance, options)};
    if (answers.back().status == HUB_OK && instance != nullptr)
      std::ranges::move(use(session, instance, subject.seed, 2, 0), std::back_inserter(answers));
    return answers;
  };
  const auto expected = answers_to({});
  const auto answers = answers_to(younger);
  session.stop();
  for (std::size_t i = 0; i < expected.size() && i < answers.size(); ++i) {
    if (answers[i].status != expected[i].status) {
      return failed(answers[i].call + " answered " + answers[i].in_words() + ", but " +
                    expected[i].in_words() + " to a host of this revision");
    }
  }
  return answers.size() == expected.size() ? passed() : failed("it lived another life");
}

/// A response that its sink does not take.
Verdict keeps_to_the_sink(const Subject& subject) {
  Session session(subject);
  hub_instance* const instance = session.begin();
  std::size_t tried = 0;
  for (const Input& each : requests(session, subject.seed, 0, 0)) {
    const Answer whole = session.invoke(instance, each.operation, each.request);
    if (whole.status != HUB_OK || whole.response.empty()) continue;
    for (const std::size_t at : {std::size_t{0}, whole.response.size() - 1}) {
      Receiver receiver{.refuse_at = at, .refusal = HUB_OUT_OF_RANGE};
      const Answer answer = session.invoke(instance, each.operation, each.request, &receiver);
      if (receiver.was_written_after)
        return failed(each.operation + " went on writing after the sink refused");
      if (receiver.has_refused && answer.status != receiver.refusal) {
        return failed("the sink refused a byte of " + each.operation +
                      "'s response, which answered " + answer.in_words());
      }
      ++tried;
    }
  }
  session.end(instance);
  return tried == 0 ? skipped("no operation succeeded, so there was no response")
                    : passed(std::to_string(tried) + " responses");
}

}  // namespace

Checks memory_checks() {
  return {
      {"HUB-O-01.a", "nothing that was lent for a call is used once it has returned",
       "copy what is needed longer: configuration, request, names; never keep hub_call",
       "HUB-U-02.a", lives_with({.take_back = true})},
      {"HUB-O-01.b", "texts are neither written to nor read beyond their size",
       "a hub_text has no terminating NUL: use its size", "HUB-U-02.a",
       lives_with({.texts_at_end = true})},
      {"HUB-O-02.b", "invoke stops and says so when the sink refuses",
       "return the status of each write, and write no more after one that is not HUB_OK",
       "HUB-U-02.a", keeps_to_the_sink},
      {"HUB-O-03", "the host's table is not used once it has stopped, also as the process ends",
       "let stop() join what logs or asks for the time", "HUB-U-01.a",
       [](const Subject& subject) {
         Session session(subject);
         live(session, subject.seed, 0, 0);
         session.host().take_table_back();
         return passed();
       },
       true},
      {"HUB-O-04.a",
       "it works with a host of the first release, and reads nothing beyond its tables",
       "ask HUB_HAS before reading what is younger than the first release", "HUB-U-02.a",
       lives_with({.first_release = true})},
      {"HUB-O-04.b", "it works with a host whose tables are longer than it knows",
       "ask for at least what is needed, struct_size >= ..., never for ==", "HUB-U-02.a",
       answers_the_same_to_a_younger_host},
  };
}

}  // namespace hub::validate
