/** GraphiQL, served whole from here: the page, its scripts and its styles, with a policy that lets nothing in from outside. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';

const HOME = '/graphql/explorer';

/** The files that packages bring, by the name they are served under. */
const ASSETS = [
  { name: 'react.js', module: 'react', file: 'umd/react.production.min.js', type: 'text/javascript' },
  { name: 'react-dom.js', module: 'react-dom', file: 'umd/react-dom.production.min.js', type: 'text/javascript' },
  { name: 'graphql-ws.js', module: 'graphql-ws', file: 'umd/graphql-ws.min.js', type: 'text/javascript' },
  { name: 'graphiql.js', module: 'graphiql', file: 'graphiql.min.js', type: 'text/javascript' },
  { name: 'graphiql.css', module: 'graphiql', file: 'graphiql.min.css', type: 'text/css' },
] as const;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vestibule: GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${HOME}/graphiql.css">
<link rel="stylesheet" href="${HOME}/page.css">
</head>
<body>
<div id="graphiql"><p>GraphiQL needs JavaScript.</p></div>
<script src="${HOME}/react.js"></script>
<script src="${HOME}/react-dom.js"></script>
<script src="${HOME}/graphql-ws.js"></script>
<script src="${HOME}/graphiql.js"></script>
<script src="${HOME}/start.js"></script>
</body>
</html>
`;

const STYLE = 'html, body, #graphiql { height: 100%; margin: 0; }\n';

const START = `let given = {};
const wsClient = graphqlWs.createClient({
  url: location.origin.replace(/^http/, 'ws') + '/graphql',
  connectionParams: () => given,
  lazyCloseTimeout: 0,
});
const ask = GraphiQL.createFetcher({ url: '/graphql', wsClient });
// Without the placeholder, so that the schema is there to read before anybody has a token.
const fetcher = (request, options) => {
  const { Authorization, ...others } = options?.headers ?? {};
  const unset = Authorization === undefined || Authorization === 'Bearer TOKEN';
  const headers = unset ? others : { ...others, Authorization };
  // A subscription's connection is made anew each time, and says these.
  given = unset ? {} : { Authorization };
  return ask(request, { ...options, headers });
};
const defaultQuery = \`# Your access token goes into "Headers" below.
# It is the access_token that login answers.
query Door {
  knocks(first: 10, where: { status: [PENDING] }) {
    totalCount
    nodes {
      id
      room { name }
      user { displayName userId }
      reason
      reasonIsHidden
      knockedAt
      viewerCanAccept
    }
  }
  viewer {
    user { userId }
    rooms(first: 10) {
      nodes { name joinRule viewerMembership }
    }
  }
}
\`;
const defaultHeaders = JSON.stringify({ Authorization: 'Bearer TOKEN' }, null, 2);
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery, defaultHeaders, defaultEditorToolsVisibility: 'headers' }),
);
`;

// The editor writes style elements of its own; nothing else may run, load or frame.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the explorer's files and returns what answers with its page. */
export async function mountExplorer(app: FastifyInstance): Promise<(reply: FastifyReply) => FastifyReply> {
  const require = createRequire(import.meta.url);
  for (const { name, module, file, type } of ASSETS) {
    const body = await readFile(join(dirname(require.resolve(`${module}/package.json`)), file));
    serve(app, name, type, body);
  }
  serve(app, 'page.css', 'text/css', Buffer.from(STYLE));
  serve(app, 'start.js', 'text/javascript', Buffer.from(START));
  return (reply) => guarded(reply, 'text/html').header('cache-control', 'no-cache').send(PAGE);
}

function serve(app: FastifyInstance, name: string, type: string, body: Buffer): void {
  app.get(`${HOME}/${name}`, { exposeHeadRoute: false }, (_request, reply) =>
    guarded(reply, type).header('cache-control', 'public, max-age=3600').send(body),
  );
}

function guarded(reply: FastifyReply, type: string): FastifyReply {
  return reply
    .header('content-type', `${type}; charset=utf-8`)
    .header('content-security-policy', POLICY)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer');
}
