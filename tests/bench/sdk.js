// What the requests of create-token cost with Databricks' JavaScript SDK, on warm connections.
//
//     NODE_EXTRA_CA_CERTS=CA node sdk.js SDK_DIRECTORY URL APPLICATION_ID ROUNDS <TOKEN
//
// Writes the CPU time and the time of a round in microseconds. As many rounds go before it.
const {createRequire} = require('node:module');
const {readFileSync} = require('node:fs');

const [directory, host, applicationId, rounds] = process.argv.slice(2);
const {WorkspaceClient} = createRequire(`${directory}/`)('@databricks/sdk-experimental');
const workspace = new WorkspaceClient({host, token: readFileSync(0, 'utf8'), authType: 'pat'});

async function round() {
  const filter = `applicationId eq "${applicationId}"`;
  for await (const principal of workspace.servicePrincipalsV2.list({filter})) if (principal.id) break;
  for await (const info of workspace.tokenManagement.list({})) throw info;
  await workspace.tokenManagement.createOboToken(
    {application_id: applicationId, lifetime_seconds: 7776000, comment: 'benchmark'});
  await workspace.currentUser.me();
}

async function main() {
  await workspace.config.ensureResolved();
  workspace.config.host = host;  // it has dropped the port
  for (let i = 0; i < rounds; ++i) await round();
  const cpu = process.cpuUsage();
  const begin = process.hrtime.bigint();
  for (let i = 0; i < rounds; ++i) await round();
  const used = process.cpuUsage(cpu);
  const time = Number(process.hrtime.bigint() - begin) / 1000;
  console.log((used.user + used.system) / rounds, time / rounds);
}
main();
