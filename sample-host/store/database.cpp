#include "store/database.hpp"

namespace sample_host {

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.roll_back();
  } catch (const Poco::Exception&) {  // it did so by itself, or will when it misses us
  }
}

void Transaction::commit() {
  database_.commit();
  open_ = false;
}

}  // namespace sample_host
