/**
 * What acts answer to whom: the other half of the table in test/support/authorisation-matrix.ts. Where an act is not done there is no
 * answer, and the row says the same as that of the act; `-` besides is null.
 */
// prettier-ignore
export const ANSWERS: Readonly<Record<string, string>> = {
  'CreateRoomPayload.room':               '++++++xxxxx++',

  'SetJoinRulePayload.room':              'xxx+xxxxxxxxx',
  'SetJoinRulePayload.event':             'xxx+xxxxxxxxx',

  'KnockPayload.room':                    '++++++xxxxx++',
  'KnockPayload.member':                  '++++++xxxxx++',
  'KnockPayload.transition':              '++++++xxxxx++',
  'KnockPayload.event':                   '++++++xxxxx++',
  'KnockPayload.knock':                   '++++++xxxxx++',

  'RetractKnockPayload.room':             '++++++xxxxx++',
  'RetractKnockPayload.member':           '++++++xxxxx++',
  'RetractKnockPayload.transition':       '++++++xxxxx++',
  'RetractKnockPayload.event':            '++++++xxxxx++',
  'RetractKnockPayload.knock':            '++++++xxxxx++',

  'AcceptKnockPayload.room':              'xxx+xxxxx+xxx',
  'AcceptKnockPayload.member':            'xxx+xxxxx-xxx',
  'AcceptKnockPayload.transition':        'xxx+xxxxx-xxx',
  'AcceptKnockPayload.event':             'xxx+xxxxx-xxx',
  'AcceptKnockPayload.knock':             'xxx+xxxxx-xxx',

  'RejectKnockPayload.room':              'xxx+xxxxx+xxx',
  'RejectKnockPayload.member':            'xxx+xxxxx-xxx',
  'RejectKnockPayload.transition':        'xxx+xxxxx-xxx',
  'RejectKnockPayload.event':             'xxx+xxxxx-xxx',
  'RejectKnockPayload.knock':             'xxx+xxxxx-xxx',

  'RevealReasonPayload.knock':            '---+--xx-xx++',

  'RevealEventPayload.event':             '---+--xx-xx++',

  'ClaimKnockPayload.knock':              '---+--xxx-x++',

  'ReleaseKnockPayload.knock':            '---+--xxx-x++',

  'MarkKnockSeenPayload.knock':           '---+--xxx-x++',

  'NoteKnockPayload.knock':               '---+--xxx-x++',

  'TagKnockPayload.knock':                '---+--xxx-x++',

  'UntagKnockPayload.knock':              '---+--xxx-x++',

  'DecideKnocksPayload.results':          '++++++xxx+x++',
  'KnockDecisionResult.knock':            '---+--xxx-x++',
  'KnockDecisionResult.ok':               'nnnynnxxxnxnn',
  'KnockDecisionResult.errorCode':        '+++-++xxx+x++',
  'KnockDecisionResult.message':          '+++-++xxx+x++',
  'DecideKnocksPayload.hasMore':          'nnnnnnxxxnxnn',

  'InviteUserPayload.room':               'xxx+xxxxxxxxx',
  'InviteUserPayload.member':             'xxx+xxxxxxxxx',
  'InviteUserPayload.transition':         'xxx+xxxxxxxxx',
  'InviteUserPayload.event':              'xxx+xxxxxxxxx',
  'InviteUserPayload.knock':              'xxx-xxxxxxxxx',

  'RevokeInvitePayload.room':             'xxx+xxxxxxxxx',
  'RevokeInvitePayload.member':           'xxx+xxxxxxxxx',
  'RevokeInvitePayload.transition':       'xxx+xxxxxxxxx',
  'RevokeInvitePayload.event':            'xxx+xxxxxxxxx',

  'JoinRoomPayload.room':                 '++++++xxxxx++',
  'JoinRoomPayload.member':               '++++++xxxxx++',
  'JoinRoomPayload.transition':           '++++++xxxxx++',
  'JoinRoomPayload.event':                '++++++xxxxx++',
  'JoinRoomPayload.knock':                '------xxxxx--',

  'LeaveRoomPayload.room':                '++++++xxxxx++',
  'LeaveRoomPayload.member':              '++++++xxxxx++',
  'LeaveRoomPayload.transition':          '++++++xxxxx++',
  'LeaveRoomPayload.event':               '++++++xxxxx++',
  'LeaveRoomPayload.knock':               '------xxxxx--',

  'KickUserPayload.room':                 'xxx+xxxxxxxxx',
  'KickUserPayload.member':               'xxx+xxxxxxxxx',
  'KickUserPayload.transition':           'xxx+xxxxxxxxx',
  'KickUserPayload.event':                'xxx+xxxxxxxxx',
  'KickUserPayload.knock':                'xxx+xxxxxxxxx',

  'BanUserPayload.room':                  'xxx+xxxxxxxxx',
  'BanUserPayload.member':                'xxx+xxxxxxxxx',
  'BanUserPayload.transition':            'xxx+xxxxxxxxx',
  'BanUserPayload.event':                 'xxx+xxxxxxxxx',
  'BanUserPayload.knock':                 'xxx+xxxxxxxxx',

  'UnbanUserPayload.room':                'xxx+xxxxxxxxx',
  'UnbanUserPayload.member':              'xxx+xxxxxxxxx',
  'UnbanUserPayload.transition':          'xxx+xxxxxxxxx',
  'UnbanUserPayload.event':               'xxx+xxxxxxxxx',

  'EraseUserPayload.user':                'xxxxxxxxxxx++',
  'EraseUserPayload.events':              'xxxxxxxxxxx++',

  'StartVerifyPayload.job':               'xxxxxxxxxxx++',

  'StartRebuildPayload.job':              'xxxxxxxxxxx++',

  'RetryDestinationPayload.destination':  'xxxxxxxxxxx++',

  'GiveUpDeliveriesPayload.destination':  'xxxxxxxxxxx++',
  'GiveUpDeliveriesPayload.deliveries':   'xxxxxxxxxxx++',

  'CreateServiceTokenPayload.serviceToken':'xxxxxxxxxxxx+',
  'CreateServiceTokenPayload.secret':     'xxxxxxxxxxxx+',

  'RotateServiceTokenPayload.serviceToken':'xxxxxxxxxxxx+',
  'RotateServiceTokenPayload.secret':     'xxxxxxxxxxxx+',

  'RevokeServiceTokenPayload.serviceToken':'xxxxxxxxxxx++',
};
