// The one error class and the one table that turns an errcode into an HTTP status.
interface ErrcodeEntry {
  /** The HTTP status sent with this code, unless the error itself names another. */
  readonly status: number;
  /** What the code says, in a sentence that can stand as the `error` text. */
  readonly meaning: string;
}

/** Every error code this server sends or passes on: the Matrix specification's, and those of our own GraphQL API. */
export const ERRCODES = {
  M_BAD_ALIAS: { status: 400, meaning: 'The room alias does not point to the room.' },
  M_BAD_JSON: { status: 400, meaning: 'The JSON is well formed but not what is expected here.' },
  M_BAD_STATE: { status: 403, meaning: 'The room is not in a state that allows this.' },
  M_FORBIDDEN: { status: 403, meaning: 'You are not allowed to do this.' },
  M_INCOMPATIBLE_ROOM_VERSION: { status: 400, meaning: 'The room has a version that the server does not support.' },
  M_INVALID_PARAM: { status: 400, meaning: 'A parameter has a value that is not allowed.' },
  M_INVALID_ROOM_STATE: { status: 400, meaning: 'The requested initial state of the room contradicts itself.' },
  M_INVALID_USERNAME: { status: 400, meaning: 'The user name is not valid.' },
  M_INVITE_BLOCKED: { status: 403, meaning: 'The invited user does not accept this invite.' },
  M_KEY_TOO_LARGE: { status: 400, meaning: 'The name of the profile field is too long.' },
  M_LIMIT_EXCEEDED: { status: 429, meaning: 'Too many requests.' },
  M_MISSING_PARAM: { status: 400, meaning: 'A required parameter is missing.' },
  M_MISSING_TOKEN: { status: 401, meaning: 'No access token was given.' },
  M_NOT_FOUND: { status: 404, meaning: 'Not found.' },
  M_NOT_JSON: { status: 400, meaning: 'The request is not valid JSON.' },
  M_PROFILE_TOO_LARGE: { status: 400, meaning: 'The profile would become too large.' },
  M_ROOM_IN_USE: { status: 400, meaning: 'The room alias is taken.' },
  M_TOO_LARGE: { status: 413, meaning: 'The request or the event is too large.' },
  M_UNABLE_TO_AUTHORISE_JOIN: { status: 400, meaning: 'This server cannot tell whether the join is allowed.' },
  M_UNABLE_TO_GRANT_JOIN: { status: 400, meaning: 'This server has no user who could let the joiner in.' },
  M_UNAUTHORIZED: { status: 401, meaning: 'The request is not properly signed by its origin.' },
  M_UNKNOWN: { status: 500, meaning: 'Something went wrong.' },
  M_UNKNOWN_TOKEN: { status: 401, meaning: 'The access token is unknown or has expired.' },
  M_UNRECOGNIZED: { status: 404, meaning: 'This server does not know the request.' },
  M_UNSUPPORTED_ROOM_VERSION: { status: 400, meaning: 'The room version is not supported.' },
  M_USER_DEACTIVATED: { status: 403, meaning: 'The account has been deactivated.' },
  M_USER_IN_USE: { status: 400, meaning: 'The user name is taken.' },
  KNOCK_ALREADY_DECIDED: { status: 409, meaning: 'The knock is no longer pending.' },
  KNOCK_ALREADY_CLAIMED: { status: 409, meaning: 'Somebody else has claimed the knock.' },
  UNKNOWN_BEFORE_JOIN: { status: 409, meaning: 'What was before this server joined the room is not known here.' },
} as const satisfies Readonly<Record<string, ErrcodeEntry>>;

export type Errcode = keyof typeof ERRCODES;

type Extra = Readonly<Record<string, string | number | boolean | null>>;

/**
 * A refusal that reaches the caller. `extra` is added to the error body (`room_version`, `retry_after_ms`, `soft_logout`);
 * a number as its `status` replaces the table's HTTP status and stays out of the body:
 * `new MatrixError('M_UNKNOWN', 'No server answered.', { status: 502 })`.
 */
export class MatrixError extends Error {
  readonly errcode: Errcode;
  readonly status: number;
  readonly extra: Extra;

  constructor(errcode: Errcode, message?: string, extra: Extra = {}) {
    super(message ?? ERRCODES[errcode].meaning);
    const { status, ...rest } = extra;
    const replaced = typeof status === 'number';
    this.name = 'MatrixError';
    this.errcode = errcode;
    this.status = replaced ? status : ERRCODES[errcode].status;
    this.extra = replaced ? rest : extra;
  }
}
