#include "operations/operation.hpp"

#include <array>

#include "databricks/random.hpp"
#include "operations/token_provider.hpp"

namespace databricks_token {

std::span<const Operation* const> operations() {
  static constexpr std::array kAll = {&kCheck,      &kCreateToken, &kRotateToken, &kRollbackToken,
                                      &kAdoptToken, &kRevokeToken, &kListTokens,  &kSweep};
  return kAll;
}

hub::Result<std::string> rotate(Instance& instance, hub::Call call,
                                const hub::rotation::Request& request) {
  TokenProvider provider(instance);
  auto answer = hub::rotation::run(call, provider, instance.configuration.policy, kTokenSlot,
                                   request, random_bits);
  if (!answer) return std::move(answer).error();
  return answer->to_json();
}

hub::Result<std::string> plan(Instance& instance, hub::Call call,
                              const hub::rotation::Request& request) {
  TokenProvider provider(instance);
  auto answer =
      hub::rotation::plan(call, provider, instance.configuration.policy, kTokenSlot, request);
  if (!answer) return std::move(answer).error();
  return answer->to_json();
}

}  // namespace databricks_token
