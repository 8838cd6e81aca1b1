import { type OwnFtp, ownFtp } from '../support/servers/own-ftp.ts';
import { deliveryKit } from './support/delivery-kit.ts';
import { password, serverFolder, settingsOf, user } from './support/remote.ts';
import { remoteUnderTest } from './support/remote-kit.ts';

describe('a server that is asked', () => {
  const root = serverFolder();
  let ftp: OwnFtp;
  before(async () => {
    ftp = await ownFtp({ root, user, password });
  });
  after(() => ftp.close());

  // All protocols, and real servers where there are some, in remote-kit.long.test.ts.
  const settings = () => settingsOf({ protocol: 'ftp', port: ftp.port, directory: 'in' });
  deliveryKit('FTP, files stay there', (feed) => remoteUnderTest(feed, root, settings()), { runs: 2 });
});
