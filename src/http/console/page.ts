import type { Feed } from '../feed.ts';

/** Ways to sign in with a browser, the usual one first. */
export type BrowserWays = Feed['authentication']['ofBrowsers'];

/** Drawn by hand: three bars and a line below them. */
export const consoleIcon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f5fae"/><path d="M4 11V7M8 11V4M12 11V8.5" stroke="#fff" stroke-width="2"/><path d="M3 13h10" stroke="#fff"/></svg>';

/**
 * The one page of the console. References are relative, so that they hold behind a proxy with a path of its own; what stands in it is
 * what is seen until the script runs. `signIn`: told to everybody, as whoever is not signed in has to know how he can.
 */
export const consolePage = ({
  script,
  style,
  signIn,
}: {
  readonly script: string;
  readonly style: string;
  readonly signIn: BrowserWays;
}): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>OData warehouse gateway</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="sign-in" content="${signIn.join(' ')}">
<link rel="icon" type="image/svg+xml" href="console/icon.svg">
<link rel="stylesheet" href="console/${style}">
<script type="module" src="console/${script}"></script>
</head>
<body>
<div id="console"><header class="bar"><a class="brand" href="#/">OData warehouse gateway</a></header><main class="page"><p class="quiet">Loading …</p></main></div>
<noscript><p class="page">The console needs JavaScript. The feed is at <a href="odata/">odata/</a>.</p></noscript>
</body>
</html>
`;
