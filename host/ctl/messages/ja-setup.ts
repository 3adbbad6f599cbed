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
    'このホストに {unit}.service がありません。すべてのホストに pm-kvm-tools をインストールするか、--daemons で {unit} を除いてください',
  'agent-missing':
    'このホストにリソースエージェント {agent} がありません。すべてのホストにインストールしてください',
  'host-id-taken': 'ID {id} は構成内の別のものが使用しています。そちらの ID を変更するか削除してください',
  'host-not-cloned':
    '{id} はクローンではないため、1つのホストでしか動作しません。クローンにするか (crm configure clone、pcs resource clone)、削除してください',
  'host-clone-new': '{clone}: 新規 ({agent})',
  'host-clone-kept': '{clone}: すでに設定されています ({id})。変更しません',
  'host-ping-kept':
    '{clone}: すでに設定されているため変更しません。監視先は {wished} ではなく {present} です。変更するには crm_resource --resource {id} --set-parameter host_list --parameter-value "{wished}" を実行してください',
  'host-no-ping':
    'ping の監視先がありません。ネットワークが切れたホストにもゲストが残ります。--ping で指定してください',
  'host-no-disk':
    'ディスクが監視されていません。ディスクが故障したホストにもゲストが残ります。--disk で指定してください',
  'settings-complete': '{path} にはすべて設定済みです',
  'settings-written': '{path} を作成しました。ほかのホストにコピーしてください (scp -p)',
  'settings-lack':
    'すべてのホストの {path} に次の行を追加してください (次の vm-ctl resource add の前に必要です):',
  'host-units':
    'これらは Pacemaker が各ホストで起動します。systemd による自動起動は無効にしてください: systemctl disable {units}',
};
