// What describe() writes, and how.
#include <hub/host.hpp>

#include "runner.hpp"
#include "session.hpp"

namespace hub::validate {
namespace {

Verdict is_valid(const Subject& subject) {
  const hub_connector& table = table_of(subject);
  about_to("describe, before start");
  Receiver description;
  if (const hub_status status = table.describe(description.sink()); status != HUB_OK)
    return failed("describe answered " + std::string(to_text(status_of(status))));
  try {
    const Description read = Description::parse(description.text, subject.library.string());
    if (read.id != view_of(table.id) || read.version != view_of(table.version))
      return failed("it describes " + read.id + " " + read.version + ", which it is not");
  } catch (const Refused& refused) {
    return failed(refused.what());
  }
  return passed(std::to_string(description.text.size()) + " bytes");
}

Verdict keeps_to_the_sink(const Subject& subject) {
  const hub_connector& table = table_of(subject);
  Receiver whole;
  table.describe(whole.sink());
  const std::size_t size = whole.text.size();
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, size / 2, size - 1}) {
    for (const hub_status refusal : {hub_status{HUB_RESOURCE_EXHAUSTED}, hub_status{99}}) {
      Receiver receiver{.refuse_at = at, .refusal = refusal};
      about_to("describe into a sink that refuses byte " + std::to_string(at));
      const hub_status status = table.describe(receiver.sink());
      if (receiver.was_written_after) return failed("it went on writing after the sink refused");
      if (status != refusal) {
        return failed("the sink answered " + std::to_string(refusal) + ", describe answered " +
                      std::to_string(status));
      }
    }
  }
  return passed();
}

}  // namespace

Checks description_checks() {
  return {
      {"HUB-L-11.a", "it describes itself before start, validly, and as itself",
       "correct what describe() writes; schemas/describe.schema.json says how it must be",
       "HUB-L-10.a", is_valid},
      {"HUB-O-02.a", "describe stops and says so when the sink refuses",
       "return the status of each write, and write no more after one that is not HUB_OK",
       "HUB-L-11.a", keeps_to_the_sink},
  };
}

}  // namespace hub::validate
