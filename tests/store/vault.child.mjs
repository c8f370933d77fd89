/** Puts objects without end and says on stdout which are in the vault. */
const [dataDir, keyFile] = process.argv.slice(2);
const { openKeys, openVault } = await import(new URL("../../dist/store/index.js", import.meta.url).href);
const vault = openVault(dataDir, openKeys(dataDir, { keyFile }));

for (let n = 0; ; n++) {
  const { object } = await vault.put(Buffer.alloc(200_000, `${process.pid}.${n} `));
  process.stdout.write(`${object}\n`);
}
