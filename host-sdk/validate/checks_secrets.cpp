// Where secrets may and may not be.
#include <hub/redactor.hpp>

#include <algorithm>

#include "runner.hpp"
#include "session.hpp"

namespace hub::validate {
namespace {

/// Whether a life with secrets shows none of them in `places`, as FakeWorld names them.
std::function<Verdict(const Subject&)> keeps_out_of(std::set<std::string> places) {
  return [places](const Subject& subject) -> Verdict {
    Session session(subject);
    if (session.description().secrets.empty()) return skipped("it declares no secret");
    live(session, subject.seed, 4, 4);
    if (session.host().asked_for().empty()) return skipped("it asked for no secret");
    for (const std::string& each : session.host().violations()) {
      if (std::ranges::any_of(places, [&](const auto& place) { return each.ends_with(place); }))
        return failed(each);
    }
    return passed();
  };
}

Verdict keeps_out_of_outputs(const Subject& subject) {
  Session session(subject);
  live(session, subject.seed, 4, 4);
  Redactor redactor;
  for (const std::string& name : session.host().asked_for())
    redactor.add(Secret(session.host().grant(name)));
  const std::string text = written();
  return redactor.redact(text) == text ? passed() : failed("a secret is in stdout or stderr");
}

Verdict asks_for_declared_ones(const Subject& subject) {
  Session session(subject);
  live(session, subject.seed, 4, 4);
  for (const std::string& name : session.host().asked_for()) {
    if (!session.description().secrets.contains(name))
      return failed("it asked for \"" + name + "\", which it does not declare");
  }
  return passed();
}

/// What asks for a secret and does not get it, fails.
Verdict does_without_what_is_denied(const Subject& subject) {
  Session session(subject, {.grants = false});
  hub_instance* const instance = session.begin();
  std::size_t denied = 0;
  for (const Input& each : requests(session, subject.seed, 4, 0)) {
    const auto before = session.host().asked_for();
    const Answer answer = session.invoke(instance, each.operation, each.request);
    const auto asked = session.host().asked_for();
    std::set<std::string> names;
    std::ranges::set_difference(asked, before, std::inserter(names, names.end()));
    for (const std::string& name : names) {
      const auto declared = session.description().secrets.find(name);
      if (declared == session.description().secrets.end() || !declared->second.required) continue;
      ++denied;
      if (answer.status == HUB_OK)
        return failed(answer.call + " answered ok, although \"" + name + "\" was denied");
    }
  }
  session.end(instance);
  return denied == 0 ? skipped("it asked for no secret that it requires") : passed();
}

bool has_begun_a_slot(Session& session) {
  return std::ranges::any_of(session.description().secrets, [&](const auto& each) {
    return each.second.rotates && session.host().slots().look(each.first);
  });
}

Verdict gives_slots_back(const Subject& subject) {
  Session session(subject);
  live(session, subject.seed, 4, 4);
  session.host().end_calls();
  for (const std::string& each : session.host().violations()) {
    if (each.ends_with("was left begun")) return failed(each);
  }
  return has_begun_a_slot(session) ? passed() : skipped("it began no slot");
}

Verdict writes_what_a_host_takes(const Subject& subject) {
  Session session(subject);
  live(session, subject.seed, 4, 4);
  session.host().end_calls();
  for (const std::string& each : session.host().violations()) {
    if (each.starts_with("a note ") || each.starts_with("a lease ") ||
        each.starts_with("a grace period "))
      return failed(each);
  }
  return has_begun_a_slot(session) ? passed() : skipped("it began no slot");
}

/// Each function of secrets and slots fails once, in the plainest request of each operation.
Verdict survives_a_failing_store(const Subject& subject) {
  using Fault = Host::Fault;
  Session session(subject);
  hub_instance* const instance = session.begin();
  std::size_t faults = 0;
  for (const Input& each : requests(session, subject.seed, 0, 0)) {
    for (const Fault fault : {Fault::kUnavailable, Fault::kAnswerLost, Fault::kCancel}) {
      for (std::size_t at = 0;; ++at) {
        session.host().fail_at(at, fault);
        const Answer answer = session.invoke(instance, each.operation, each.request);
        session.host().resume();
        if (session.host().calls() <= at) break;
        ++faults;
        if (answer.status != HUB_OK && answer.error->reason == "UNEXPLAINED") {
          return failed(answer.call + " answered " + answer.in_words() +
                        " without fail(), after a function of the host had failed");
        }
      }
    }
  }
  session.end(instance);
  session.host().end_calls();
  for (const std::string& each : session.host().violations()) {
    if (each.ends_with("was left begun") || each.starts_with("a callback was left registered"))
      return failed(each + ", after a function of the host had failed");
  }
  return faults == 0 ? skipped("it asks for no secret")
                     : passed(std::to_string(faults) + " faults");
}

Verdict asks_at_each_call(const Subject& subject) {
  Session session(subject);
  hub_instance* const instance = session.begin();
  for (const Input& each : requests(session, subject.seed, 0, 0)) {
    const auto before = session.host().asked_for();
    session.invoke(instance, each.operation, each.request);
    const auto between = session.host().asked_for();
    session.invoke(instance, each.operation, each.request);
    const auto after = session.host().asked_for();
    for (const auto& [name, secret] : session.description().secrets) {
      if (!secret.rotates && between.count(name) != before.count(name) &&
          after.count(name) == between.count(name)) {
        return warned(each.operation + " asked for \"" + name +
                      "\" the first time, and not the second");
      }
    }
  }
  session.end(instance);
  return session.host().asked_for().empty() ? skipped("it asks for no secret") : passed();
}

}  // namespace

Checks secret_checks() {
  const std::string leave_out = "leave it out: the host's masking is the last line, not the first";
  return {
      {"HUB-S-01", "no secret is in a response or a note", leave_out, "HUB-U-02.a",
       keeps_out_of({"a response", "a note"})},
      {"HUB-S-02.a", "it asks for secrets that it declares alone",
       "declare it in describe(), under \"secrets\"", "HUB-U-02.a", asks_for_declared_ones},
      {"HUB-S-02.b", "what needs a secret that is denied fails",
       "return the status of secret_get; take credentials from nowhere else", "HUB-U-02.a",
       does_without_what_is_denied},
      {"HUB-S-03.a", "each slot that is begun is ended",
       "use hub::SlotTransaction, whose destructor does it", "HUB-U-02.a", gives_slots_back},
      {"HUB-S-03.b", "it survives each failure of the host's secrets and slots, and explains it",
       "return the status of each function of hub_call that is not HUB_OK", "HUB-U-02.a",
       survives_a_failing_store},
      {"HUB-S-03.c", "its notes, leases and grace periods are such as a host takes",
       "write notes that are JSON objects of at most 16 KiB, take a lease of a millisecond or more",
       "HUB-U-02.a", writes_what_a_host_takes},
      {"HUB-S-04", "it asks for a secret at each call that needs it",
       "keep no secret, for it rotates; to keep what was had for it, as an access token, is fine",
       "HUB-U-02.a", asks_at_each_call},
      {"HUB-S-05.a", "no secret is in a log line", leave_out, "HUB-U-02.a",
       keeps_out_of({"a log line"})},
      {"HUB-S-05.b", "no secret is in an error", leave_out, "HUB-U-02.a",
       keeps_out_of({"an error"})},
      {"HUB-S-05.c", "no secret is in stdout or stderr", leave_out, "HUB-U-02.a",
       keeps_out_of_outputs},
  };
}

}  // namespace hub::validate
