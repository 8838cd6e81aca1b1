/**
 * The servers that an address in PostgreSQL's form of several hosts names, each as an address of its own, in their order:
 * `postgres://user:secret@one:5432,two:5433/warehouse?sslmode=require` (PostgreSQL manual, 32.1.1.3, "Specifying Multiple Hosts").
 * An address of one host is a list of one. null: it is not of that form, or one of its hosts cannot be an address.
 */
export function hostsOf(address: string): readonly string[] | null {
  // As libpq reads it: user and password end at the first `@`, the hosts at the first `/` or `?` behind it.
  const [, scheme = '', login = '', hosts = '', rest = ''] =
    /^(postgres(?:ql)?:\/\/)([^@/?#]*@)?([^@/?#]*)(.*)$/s.exec(address) ?? [];
  const servers = hosts.split(',').map((host) => `${scheme}${login}${host}${rest}`);
  const named = hosts.split(',').every((host) => host !== '' && !/^:|\s/.test(host));
  return scheme !== '' && named && servers.every((server) => URL.canParse(server)) ? servers : null;
}
