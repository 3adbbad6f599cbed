/** What `host init` and `guest init` say, in Japanese. */
import type { enSetup } from './en-setup.ts';

export const jaSetup: Readonly<Record<keyof typeof enSetup, string>> = {
  'daemons-form': '--daemons には none または {daemons} の中から指定してください',
  'ping-form': '"{address}" はアドレスではありません。IPv4/IPv6 アドレスまたはホスト名を指定してください',
  'disk-form': '"{device}" はデバイスではありません。/dev/sda のような絶対パスで指定してください',
  'ping-silent':
    '{address} はこのホストからの ping に応答しません。このままではどのホストでもゲストを起動できません。応答するアドレスを指定してください',
  'ping-missing': 'このホストで ping を実行できません ({fault})。すべてのホストにインストールしてください',
  'disk-missing':
    'このホストに {device} がありません ({fault})。すべてのホストにあるデバイスを指定してください (lsblk で確認できます)',
  'disk-no-device': '{device} はブロックデバイスではありません。lsblk に表示されるものを指定してください',
  'unit-missing':
    'このホストに {unit}.service がありません。すべてのホストに pm-kvm-tools-host をインストールするか、--daemons で {unit} を除いてください',
  'agent-missing':
    'このホストにリソースエージェント {agent} がありません。すべてのホストにインストールしてください',
  'host-id-taken': 'ID {id} は構成内の別のものが使用しています。そちらの ID を変更するか削除してください',
  'host-not-cloned':
    '{id} はクローンではないため、1つのホストでしか動作しません。クローンにするか (crm configure clone、pcs resource clone)、削除してください',
  'host-clone-new': '{clone}: 新規 ({agent})',
  'host-clone-kept': '{clone}: すでに設定されています ({id})。変更しません',
  'host-ping-kept':
    '{clone}: すでに設定されているため変更しません。監視先は {wished} ではなく {present} です。変更するには crm_resource --resource {id} --set-parameter host_list --parameter-value "{wished}" を実行してください',
  'host-stickiness-new':
    '全リソースの既定値として resource-stickiness={value} を設定します。動作中のリソースは動作できる限りその場に留まり、移動したゲストも移動先に留まります',
  'host-stickiness-kept': 'resource-stickiness: 既定値としてすでに {value} が設定されています。変更しません',
  'host-no-ping':
    'ping の監視先がありません。ネットワークが切れたホストにもゲストが残ります。--ping で指定してください',
  'host-no-disk':
    'ディスクが監視されていません。ディスクが故障したホストにもゲストが残ります。--disk で指定してください',
  'settings-complete': '{path} にはすべて設定済みです',
  'settings-to-write': '{path} に次の内容を書き込みます:',
  'settings-written': '{path} を作成しました。ほかのホストにコピーしてください (scp -p)',
  'settings-lack':
    'すべてのホストの {path} に次の行を追加してください (次の vm-ctl resource add の前に必要です):',
  'host-units':
    'これらは Pacemaker が各ホストで起動します。systemd による自動起動は無効にしてください: systemctl disable {units}',

  'channel-there': '{guest}: {path} にはすでにチャネルがあります',
  'channel-planned': '{guest}: {path} にチャネルを追加します',
  'channel-added': '{guest}: {path} にチャネルを追加しました。変更前のファイルは {backup} です',
  'channel-not-added':
    '{guest}: libvirt がチャネルを受け付けませんでした ({fault})。ドメイン定義は変更されていません',
  'channel-at-restart':
    '{guest}: 動作中のため、チャネルは次に停止して起動したときに有効になります (再起動やマイグレーションでは有効になりません)。--live を付けるとすぐに接続します',
  'channel-plugged': '{guest}: 動作中のゲストにチャネルを接続しました',
  'channel-not-plugged':
    '{guest}: 動作中のゲストにチャネルを接続できませんでした ({fault})。次に停止して起動したときに有効になります',
  'channel-copy':
    'これらのファイルをほかのホストにコピーし (scp -p)、コピー先でも virsh define ファイル を実行してください。コピーしただけでは、そのホストの libvirt が保持する定義は古いままです。ファイルが同じかどうかは vm-ctl check で確認できます',
  'guest-alone':
    'ゲストが1つだけでは、フェンシングするものがいません。トークンを作成するには、クラスタの全メンバーを指定してください',
  'nodes-count':
    '--nodes の名前は {nodes} 個ですが、ゲストは {guests} 個です。同じ順に1つずつ指定してください',
  'node-name-impossible':
    '{node} はゲストクラスタのノード名として使用できません。実際のノード名をゲストと同じ順に --nodes で指定してください',
  'token-file-exists': '{path} はすでにあります。--tokens に別のファイルを指定するか、削除してください',
  'token-file-unwritable': '{path} に書き込めません: {fault}',
  'token-file-written':
    'トークンを {path} に書き込みました。各ゲストの {target} にコピーしてください (root、0600)',
  'tokens-in-configuration':
    'トークンは構成に含まれています。--tokens FILE を指定すると、構成に含めず各ゲストのファイルに置けます',
  'fencing-follows': 'ゲストクラスタのフェンシング設定です。ゲストの1つで読み込んでください ({format}):',
};
