// What the plugin links with and nothing else: what loading costs that is not ours.
extern "C" [[gnu::visibility("default")]] int bare();
extern "C" int bare() { return 0; }
