/** What `check` says of hosts, in Japanese. */
import type { enCheck } from './en-check.ts';

export const jaCheck: Readonly<Record<keyof typeof enCheck, string>> = {
  'check-good': '問題は見つかりませんでした (ゲスト {guests} 個、ホスト {hosts} 台)',
  'check-busy': 'クラスタは処理中です。完了後にもう一度確認してください',
  'host-unchecked':
    '{node} を確認できませんでした ({fault})。このホストの root がパスワードなしで vm-ctl を実行できるようにするか、vm-ctl.conf の vm_remote_shell を設定してください',
  'guest-unchecked': '{guest}: {node} から情報を取得できませんでした。もう一度確認してください',
  'connectd-down':
    '{node} の vm-connectd が応答しないため ({fault})、そのホストのゲストはフェンシングできません。{node} で systemctl status vm-connectd を確認してください',
  'stonithd-down':
    '{node} の vm-stonithd が使用できないため ({fault})、そのホストのゲストはフェンシングできません。{node} で systemctl status vm-stonithd を確認してください',
  'domain-file-unusable-on':
    '{guest}: {node} ではドメイン定義ファイル {path} を使用できないため ({fault})、動作できません。別のホストからコピーしてください',
  'xml-differs':
    '{guest}: {path} の内容が {node} と {other} で異なります。正しい方をコピーしてください (scp -p)',
  'disk-unusable-on':
    '{guest}: {node} ではディスク {disk} を使用できないため ({fault})、動作できません。{node} でマウントまたは接続してください',
  'disk-not-shared':
    '{guest}: ディスク {disk} は {node} と {other} で同一のものではありません。両方から共有されるストレージに置いてください',
  'cpu-unfit': '{guest}: {node} では要求された CPU を提供できません。全ホスト共通のモデルを使用してください',
  'cpu-unchecked':
    '{guest}: CPU が {node} に適合するか確認できませんでした ({fault})。{node} で virsh capabilities を確認してください',
  'definition-shared':
    '{path} が複数のリソース ({resources}) の config に指定されています。一方としてフェンシングされたゲストがもう一方として動作し続ける恐れがあります。一つだけ残して削除してください',
  'autostart-on':
    '{guest}: {node} の libvirt がホスト起動時にクラスタを介さず自動起動します。{node} で virsh autostart --disable {guest} を実行してください',
  'autostart-unchecked':
    '{guest}: {node} の libvirt で自動起動が設定されているか確認できませんでした ({fault})。{node} で virsh list --all --autostart を確認してください',
  'saved-memory':
    '{guest}: {node} の libvirt に保存されたメモリがあり、フェンシングされたゲストが処理の途中から再開します。{node} で virsh managedsave-remove {guest} を実行してください',
  'saved-memory-unchecked':
    '{guest}: {node} の libvirt に保存されたメモリがあるか確認できませんでした ({fault})。{node} で virsh list --all --with-managed-save を確認してください',
  'snapshot-set':
    '{resource}: パラメータ snapshot ({directory}) により停止時のメモリが保存されるため、フェンシングされたゲストが処理の途中から再開します。crm_resource -r {resource} -d snapshot を実行してください',
  'end-not-proven':
    '{resource}: エージェントが ocf:{provider}:VirtualDomain、hypervisor が {hypervisor} であり、停止を証明できないため、vm-stonithd はこのゲストをフェンシングしません。フェンシングには ocf:extra:VirtualDomain と qemu:///system が必要です',
  'name-misread':
    '{guest}: virsh はこの名前を ID、UUID、オプション、または複数の単語とみなすため、別のドメインを対象にするか、どのドメインも見つけられません。UUID で指定して名前を変更し (virsh domrename UUID 新しい名前)、ドメイン定義ファイルも変更してください',
  'transition-delay':
    'transition-delay={value} です。クラスタは処理が残っていても待機中に見えるため、フェンシングの応答が遅れるか、確認できなくなります。crm_attribute -n transition-delay -D を実行してください',
  'node-without-agent':
    '{node}: ocf:{provider}:VirtualDomain またはそれに必要なものがインストールされていないため、{resources} がそこで動作していないことを証明できません。{node} に {package} と libvirt をインストールし、crm_resource --refresh を実行してください',
  'clock-differs':
    '{node} の時計がこのホストと {seconds} 秒ずれています。フェンシングには時刻の一致が必要です。chronyc tracking を確認してください',
  'probes-off':
    '{option}=false です。クラスタは確認していないものを停止とみなすため、動作中のゲストが停止と判断されることがあります。設定を外してください',
  'discovery-off':
    '{guest}: 制約 {id} に resource-discovery={value} があり、クラスタはそのノードで動作しているか確認しません。設定を外してください',
  'link-down':
    '{guest}: {node} で接続されていないため ({fault})、フェンシングできません。ゲスト内の vm-connectd を確認してください',
  'keys-differ':
    'フェンシングの鍵が {node} と {other} で異なるため、トークンは一方でしか使用できません。/etc/pm-kvm-tools/keys をコピーし (scp -p)、systemctl reload vm-stonithd を実行してください',
  'keys-unknown':
    '{node} の vm-stonithd が鍵のフィンガープリントを公開していないため、鍵が正しいか確認できません。{node} で起動または再読み込みしてください',
  'keys-unchecked':
    'フェンシングの鍵のフィンガープリントを取得できませんでした ({fault})。もう一度確認してください',
};
