// The host in Node declares what was released: koffi_test.mjs DIRECTORY_OF_HOST GOLDEN
import {existsSync, readFileSync} from 'node:fs';

if (!existsSync(`${process.argv[2]}/host.js`)) {
  console.log('skipped: the host in Node could not be installed: see NodeHost.Installs');
  process.exit(77);
}
const hub = await import(`${process.argv[2]}/hub_connector.js`);
const structs = {
  hub_sink: hub.Sink, hub_error: hub.Failure, hub_host: hub.Host, hub_call: hub.Call,
  hub_connector: hub.Connector,
};
let compared = 0;
for (const line of readFileSync(process.argv[3], 'utf8').split('\n')) {
  const [, struct, member, offset] = line.match(/^member (\w+)\.(\w+) +(\d+) /) ?? [];
  if (!structs[struct]) continue;
  ++compared;
  const declared = structs[struct].type.members[member]?.offset;
  if (declared === Number(offset)) continue;
  console.error(`${struct}.${member} is at ${declared}, not at ${offset}`);
  process.exitCode = 1;
}
if (compared === 0) throw new Error('nothing was compared');
