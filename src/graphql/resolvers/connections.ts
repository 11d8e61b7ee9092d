/** Connections and their edges: one way for all lists. */
import type { ListPage, LongListPage } from '../models.ts';
import type { PageInfo, Resolvers } from '../schema.generated.ts';

type Page<Row> = Omit<ListPage<Row>, 'count'>;

function parts<Row>() {
  return {
    edges: ({ rows, cursorOf }: Page<Row>) => rows.map((node) => ({ cursor: cursorOf(node), node })),
    nodes: ({ rows }: Page<Row>) => rows,
    pageInfo,
  };
}

function pageInfo<Row>({ rows, cursorOf, hasNextPage, hasPreviousPage }: Page<Row>): PageInfo {
  const [first, last] = [rows[0], rows.at(-1)];
  return {
    hasNextPage,
    hasPreviousPage,
    startCursor: first === undefined ? null : cursorOf(first),
    endCursor: last === undefined ? null : cursorOf(last),
  };
}

const bounded = {
  totalCount: async <Row>({ count }: LongListPage<Row>): Promise<number> => (await count()).rows,
  totalCountIsEstimate: async <Row>({ count }: LongListPage<Row>): Promise<boolean> => (await count()).isEstimate,
};

const totalCount = <Row>({ count }: ListPage<Row>): Promise<number> => count();

export const connections = {
  RoomConnection: { ...parts(), totalCount },
  MemberConnection: { ...parts(), totalCount },
  KnockConnection: { ...parts(), ...bounded },
  EventConnection: { ...parts(), ...bounded },
  ActionConnection: { ...parts(), ...bounded },
  TransitionConnection: { ...parts(), ...bounded },
  PathConnection: parts(),
  MembershipDiffConnection: parts(),
  DestinationConnection: { ...parts(), totalCount },
  ServiceTokenConnection: { ...parts(), totalCount },
  DeliveryConnection: { ...parts(), totalCount },
} satisfies Resolvers;
