// Who holds a lease: one process of one boot of one machine.
#pragma once

#include <string>

namespace sample_host {

/// This process, as "BOOT_ID PID_NAMESPACE PID START_TIME". Process numbers are reused, within a
/// boot and across boots; the four together are not. Empty where /proc does not tell.
std::string this_lease_holder();

/// Whether `holder` is a process of this boot and PID namespace that no longer lives. False
/// whenever that cannot be told: other machines and namespaces are not ours to judge.
bool is_dead_lease_holder(const std::string& holder);

}  // namespace sample_host
