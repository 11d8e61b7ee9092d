/** Writes the resolvers' types from the schema: `npm run generate:graphql`. */
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema.graphql',
  generates: {
    'src/graphql/schema.generated.ts': {
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        contextType: './context.ts#Context',
        enumsAsTypes: true,
        immutableTypes: true,
        makeResolverTypeCallable: true,
        maybeValue: 'T | null',
        inputMaybeValue: 'T | null | undefined',
        resolversNonOptionalTypename: false,
        scalars: { DateTime: 'Date', JSON: 'unknown' },
        strictScalars: true,
        useTypeImports: true,
        mappers: {
          AcceptKnockPayload: './models.ts#MembershipChange',
          BanUserPayload: './models.ts#MembershipChange',
          InviteUserPayload: './models.ts#MembershipChange',
          JoinRoomPayload: './models.ts#MembershipChange',
          KickUserPayload: './models.ts#MembershipChange',
          KnockPayload: './models.ts#MembershipChange',
          LeaveRoomPayload: './models.ts#MembershipChange',
          RejectKnockPayload: './models.ts#MembershipChange',
          RetractKnockPayload: './models.ts#MembershipChange',
          RevokeInvitePayload: './models.ts#MembershipChange',
          UnbanUserPayload: './models.ts#MembershipChange',
          Delivery: '../outbox/ledger-queries.ts#DeliveryRow as DeliveryModel',
          DeliveryConnection: './models.ts#DeliveryPage as DeliveryPageModel',
          Destination: '../outbox/ledger-queries.ts#DestinationRow as DestinationModel',
          DestinationConnection: './models.ts#DestinationPage as DestinationPageModel',
          Event: '../log/read.ts#StoredEvent as EventModel',
          Job: '../queue/queue.ts#JobStatus as JobModel',
          Knock: '../projections/knock-queries.ts#KnockRow as KnockModel',
          KnockConnection: './models.ts#KnockPage as KnockPageModel',
          Member: './models.ts#MemberModel',
          MemberConnection: './models.ts#MemberPage as MemberPageModel',
          PowerLevels: './models.ts#LevelsModel',
          Room: '../projections/room-queries.ts#RoomHead as RoomModel',
          RoomConnection: './models.ts#RoomPage as RoomPageModel',
          RoomStats: './models.ts#RoomCounts as RoomCountsModel',
          ServiceToken: '../accounts/service-tokens.ts#ServiceToken as ServiceTokenModel',
          ServiceTokenConnection: './models.ts#ServiceTokenPage as ServiceTokenPageModel',
          Transition: '../log/transition-queries.ts#TransitionRow as TransitionModel',
          TransitionConnection: './models.ts#TransitionPage as TransitionPageModel',
          User: './models.ts#UserModel',
          UserPowerLevel: './models.ts#UserLevelModel',
          Viewer: './models.ts#UserModel',
        },
      },
    },
  },
};

export default config;
