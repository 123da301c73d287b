#include "operations/slot_view.hpp"

#include "databricks/json.hpp"
#include "operations/operation.hpp"

namespace databricks_token {

std::string SlotView::current() const {
  for (const auto& [token_id, role] : roles) {
    if (role == "current") return token_id;
  }
  return {};
}

bool SlotView::claims(std::string_view comment) const {
  return hub::rotation::is_marked(comment, id) && !accepted.contains(std::string(comment.substr(
                                                      comment.size() - hub::rotation::kNonceSize)));
}

hub::Result<std::optional<SlotView>> SlotView::look(hub::Call call) {
  const auto snapshot = call.look(kTokenSlot);
  if (!snapshot) {
    if (snapshot.error().status == hub::Status::kNotFound) return std::optional<SlotView>();
    return snapshot.error();
  }
  SlotView view;
  const auto object = JsonObject::parse(*snapshot);
  if (!object) throw WrongShape("the slot's snapshot is not a JSON object");
  view.id = object->required("slot", object->text("slot"));
  if (const auto note = object->object("note")) {
    if (const auto left_alone = note->object("accepted")) view.accepted = left_alone->names();
  }
  const auto add = [&](const std::optional<JsonObject>& version, const char* role) {
    if (!version) return;
    const auto note = version->object("note");
    const auto token_id = note ? note->text("token_id") : std::nullopt;
    if (token_id) view.roles.emplace(*token_id, role);
  };
  add(object->object("current"), "current");
  add(object->object("pending"), "pending");
  for (const JsonObject& version : object->objects("previous")) add(version, "previous");
  return std::optional(std::move(view));
}

}  // namespace databricks_token
