// mocha's "spec" report, then one line for programs: `N passed, N failed, N skipped`. A run in which no test ran fails.
const { reporters, Runner } = require('mocha');

class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    this.runner = runner;
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      if (passes + failures === 0) {
        console.log('No test ran: that counts as a failure.');
      }
      this.line = `${passes} passed, ${passes + failures === 0 ? 1 : failures} failed, ${pending} skipped`;
    });
  }

  // After everything else, failures of root hooks included.
  done(failures, exit) {
    console.log(this.line);
    exit(failures === 0 && this.runner.stats.passes === 0 ? 1 : failures);
  }
}

module.exports = CountingReporter;
