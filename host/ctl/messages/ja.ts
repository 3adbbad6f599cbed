/** What vm-ctl says, in Japanese. */
import { jaCheck } from './ja-check.ts';
import { jaSetup } from './ja-setup.ts';
import { jaStatus } from './ja-status.ts';
import type { Catalogue } from './message.ts';

export const ja: Catalogue = {
  ...jaStatus,
  ...jaSetup,
  ...jaCheck,

  plain: '{text}',
  warning: '警告',
  yes: 'あり',
  no: 'なし',
  'yes-or-no': '[y/N]',
  defect: 'vm-ctl の不具合です: {fault}',
  'system-fault':
    'vm-ctl を続けられませんでした: {fault}。原因を取り除き、どこまで済んだかを vm-ctl status で確認してください',

  'unknown-command': '"{words}" という vm-ctl のコマンドはありません',
  'option-unknown': '{option} は {command} のオプションではありません',
  'option-needs-value': '{command} のオプション {option} には値が必要です',
  'see-help': 'vm-ctl --help を参照してください',
  'names-needed': 'ゲストを1つ以上指定してください',
  'no-names-here': 'このコマンドに名前は指定できません: {names}',
  'active-node-needed': '優先的に起動させるノードを -a で指定してください',
  'migrate-on-off': '-m は on か off です ("{migrate}" は指定できません)',
  'format-unknown': '--format は crm、pcs、xml のいずれかです ("{format}" は指定できません)',
  'crm-not-ascii':
    'これらのゲストには ASCII 以外の文字が含まれ、crmsh は正しく保存できません。--format xml または pcs を使用してください',
  'timeout-form': '--timeout は秒数で指定してください',
  'names-or-node-needed': 'ゲスト名か -b ノード名のどちらか一方を指定してください',
  'one-node-needed': 'ノードを1つ指定してください',
  'move-needs-cluster':
    'この操作には稼働中のクラスタが必要です。--cib-file では --dry-run で移動先の確認だけができます',
  'needs-cluster': 'この操作には稼働中のクラスタが必要です。--cib-file では実行できません',
  'one-key-needed': '鍵を1つ指定してください (vm-ctl key list で確認できます)',
  'one-victim-needed': 'フェンシング対象のゲストを1つ、またはリソースを --resource で指定してください',
  'token-guest-needed': 'トークンを使用できるゲストを --guest で指定してください',
  'allow-form': '--allow には {operations} の中から指定してください',
  'expires-form': '--expires は 2030-12-31T23:59:59Z のような時刻か、90d、12h、1y のような期間です',
  'one-token-needed':
    'トークンが {count} 個あります。1つ指定するか、他のユーザーに見えない標準入力から渡してください: vm-ctl token explain < ファイル',
  'token-awaited': 'トークンを入力し、Enter と Ctrl-D を押してください:',
  'token-wanted':
    'トークンがありません。1つ指定するか、他のユーザーに見えない標準入力から渡してください: vm-ctl token explain < ファイル',
  'shell-needed': 'シェルを指定してください: bash または zsh',

  'config-missing': '{path} がありません。すべて既定値を使用し、ゲストはどのクローンにも依存しません',
  'pacemaker-down':
    'このホストで Pacemaker が動作していません ({fault})。systemctl start pacemaker で起動してください',
  'pacemaker-failed': 'Pacemaker で処理できませんでした: {fault}',
  'no-quorum': 'クラスタにクォーラムがありません。ノードを復旧してください',
  'libvirt-unavailable':
    '{uri} の libvirt が応答しません ({fault})。systemctl status libvirtd を確認してください',
  'cib-file-unusable': '{file} の構成を使用できません: {fault}',
  'waiting-for-idle': 'クラスタが処理中です ({state})。最大 {seconds} 秒待ちます',
  'cluster-busy':
    '{seconds} 秒待ちましたがクラスタは処理中です ({state})。完了を待つか crmadmin_timeout を増やしてください',
  'cluster-in-maintenance': 'クラスタはメンテナンスモードです。起動も停止も行われません',
  'fencing-is-off':
    'stonith-enabled が true ではありません。設定するか (crm_attribute -n stonith-enabled -v true)、vm-ctl.conf で vm_stonith=off にしてください',
  'node-unknown': '{node} というノードはクラスタにありません。ノード: {nodes}',
  'clone-missing':
    'vm-ctl.conf の {setting} にあるクローン {clone} がクラスタにありません。設定するか、vm-ctl.conf から外してください',
  'attribute-missing':
    'vm-ctl.conf の {setting} にある属性 {attribute} を持つノードがありません。属性が設定されるまでゲストは起動しません',
  'lock-held': '別の vm-ctl が実行中です: プロセス {pid}、"{command}"、{since} から。終了を待ってください',
  'lock-held-by-unknown': '別の vm-ctl が実行中ですが応答しません。ps -C vm-ctl を確認してください',
  interrupted: '中断されました',

  'pattern-matches-nothing': 'パターン {pattern} に一致するゲストはありません',
  'pattern-needs-libvirt':
    'パターン {pattern} には libvirt が必要です。ここでは名前を指定し、その文字を実際に含む名前は -- の後に書いてください',
  'domain-unknown-to-libvirt':
    '{guest}: このホストの libvirt にドメインがありません。virsh list --all を確認してください',
  'domain-runs-now':
    '{guest}: クラスタ外で動作中です。Pacemaker が停止させます。vm-ctl resource start で再び起動できます',
  'domain-runs-elsewhere':
    '{guest}: {node} でクラスタ外で動作中です。Pacemaker がそこで停止させます。vm-ctl resource start で再び起動できます',
  'hosts-not-looked-at':
    '{nodes} でゲストが動作中か確認できませんでした (vm-ctl.conf の vm_remote_shell)。動作中であれば Pacemaker が停止させます',
  'guest-registered': '{guest}: すでに {resource} として登録されています',
  'guest-registered-otherwise': '{guest}: ドメイン定義ファイルはすでにリソース {resource} が使用しています',
  'guest-not-registered': '{guest}: 登録されていません。vm-ctl resource list を確認してください',
  'name-impossible': '{guest}: {fault}。ドメイン名を変更してください',
  'id-taken': '{guest}: ID {id} はすでに構成で使用されています。使用しているものを削除してください',
  'guest-still-runs': '{guest}: {node} で動作中です。先に vm-ctl resource stop で停止してください',
  'guest-in-container': '{guest}: {container} に属しています。先に外してください',
  'guest-in-acl': '{guest}: アクセス規則 {id} が参照しています。先に削除してください',
  'guest-not-running': '{guest}: 現在1つのノードで動作していません。先に起動してください',
  'guest-unmanaged': '{guest}: 現在 Pacemaker の管理外です。先にメンテナンスを終了してください',
  'guest-unmanaged-warning': '{guest}: 現在 Pacemaker の管理外のため、何も行われません',
  'role-started-already': '{guest}: すでに起動の設定です',
  'role-stopped-already': '{guest}: すでに停止の設定です',
  'no-guest-away-from': '{node} を優先しながら別のノードで動作中のゲストはありません',
  'prefers-already': '{guest}: 優先起動ノードはすでに {node} です',
  'no-move-constraint': '{guest}: 移動の制約はありません',
  'no-guests': '登録されたゲストはありません',
  'no-guests-on': '該当するゲストのうち {node} で動作しているものはありません',
  'no-guest-there': '移動するゲストはありません',

  'nothing-changed': '変更は行っていません',
  'not-confirmed': '確認されませんでした',
  'confirm-shutdown': '動作中の {guests} を Pacemaker に停止させますか?',
  'confirm-delete': '{guests} をクラスタから削除しますか?',
  'confirm-moves': '{guests} を移動しますか?',
  'confirm-undo': '"{command}" を取り消しますか?',
  'changed-meanwhile': '構成が同時に変更されたため、計画をやり直します',
  'changed-too-often': '{attempts} 回試しましたが、毎回ほかの変更がありました。後でやり直してください',
  'change-invalid': '変更後の構成を Pacemaker が受け付けません: {fault}',
  'state-unwritable':
    '変更前の内容を {directory} に保存できません: {fault}。何も変更していません。空き容量を確保してやり直してください',
  'change-unrecorded':
    '変更は完了しましたが記録できませんでした ({fault})。vm-ctl undo では取り消せません。変更前の構成は {backup} にあります',
  'backup-saved': '変更前の構成は {backup} にあります。{undo} で元に戻せます',
  'backup-only': '変更前の構成は {backup} にあります',
  'dry-run-changes': '構成の変更内容:',
  'dry-run-actions': 'その後 Pacemaker が行う処理:',
  'dry-run-no-actions': '起動、停止、移動は行われません。',
  'guest-added': '{guest}: 登録しました (停止状態、優先起動ノード {node})',
  'guest-deleted': '{guest}: クラスタから削除しました。ドメイン定義とディスクはそのままです',
  'role-set-started': '{guest}: 起動を設定しました',
  'role-set-stopped': '{guest}: 停止を設定しました',
  'guest-unmoved': '{guest}: 移動の制約を削除しました',
  'preference-moved': '{guest}: 現在動作中のノードを優先起動ノードにしました',
  'starting-progress': '起動中: {all} 中 {done} 完了、{seconds} 秒',
  'stopping-progress': '停止中: {all} 中 {done} 完了、{seconds} 秒',
  'guest-started': '{guest}: {node} で動作しています',
  'guest-stopped': '{guest}: 停止しました',
  'guest-not-started':
    '{guest}: 起動できませんでした ({state}、スコア: {reason})。crm_mon -1 で故障、ping、ディスクを確認してください',
  'guest-not-stopped': '{guest}: 停止できませんでした ({state}、{reason})。crm_mon -1 を確認してください',
  'guest-not-yet': '{guest}: まだ完了していません ({state})。Pacemaker は処理を続けます',
  summary: '{all} 中 {done} 完了',
  'changed-since':
    '"{command}" の後に構成が変更されています。取り消すとその変更が失われます。変更前の構成は {backup} にあります',
  'nothing-to-undo': '取り消せる変更はありません',
  'record-unreadable': '最後の変更の記録を読めません: {fault}',
  'backup-unreadable': '変更前の構成 {backup} を読めません: {fault}',
  undone: '取り消しました: {command}',

  'move-begins': '{guest}: {source} から {target} へ移動します',
  'move-progress': '{guest}: {source} -> {target}、{seconds} 秒',
  'move-progress-memory':
    '{guest}: {source} -> {target}、残り {left} / {all} MiB、{rate} MiB/s、{seconds} 秒',
  'guest-there': '{guest}: すでに {node} で動作しています',
  'guest-moved': '{guest}: {node} で動作しています ({seconds} 秒)。移動の制約は削除しました',
  'guest-is-now': '{guest}: 現在 {node} にあります',
  'would-migrate': '{guest}: {source} から {target} へライブマイグレーションします',
  'would-move': '{guest}: {source} で停止し {target} で起動します',
  'move-constraint-left':
    '{guest}: 以前の移動の制約 {id} が残っています。vm-ctl resource unmove で削除してください',
  'no-other-node': '{guest}: {source} 以外に動作できるノードがありません (スコア: {scores})',
  'target-unfit': '{node} は {state} です。別のノードを選ぶか、復旧してください',
  'target-forbidden':
    '{guest}: {node} では動作できません (スコア -INFINITY)。ping、ディスク、制約を確認してください',
  'would-return':
    '{guest}: {source} を {target} より {difference} 優先し、resource-stickiness が {stickiness} のため、すぐに {source} へ戻ります。resource-stickiness を上げるか (crm_attribute -t rsc_defaults -n resource-stickiness -v INFINITY)、--prefer を付けてください',
  'move-timeout': '{guest}: {seconds} 秒以内に移動が完了しませんでした',
  'move-not-done': '{guest}: {target} ({state}) へ移動できませんでした。crm_mon -1 で故障を確認してください',
  'waiting-for-operation':
    '{guest}: 移動の処理中です ({role})。途中で制約を外すとゲストが再起動するため、処理の終了を待ちます',
  'constraint-removed': '{guest}: 移動の制約を削除しました',
  'constraint-not-removed':
    '制約 {id} を削除できませんでした ({fault})。次の vm-ctl が再試行します。手動では crm_resource --clear --resource {resource}',
  'unfinished-move':
    '{guest}: 移動中に vm-ctl (プロセス {pid}) が強制終了されていました。残った制約を削除します',

  'node-state': '{node} は {state} です。ゲストを動作させられるホストが減っています。復旧してください',
  'resource-state':
    '{resource} は {state} です ({nodes})。crm_mon -1 で原因を取り除き、crm_resource --cleanup --resource {resource} を実行してください',
  'move-constraint-found':
    '{resource}: 移動の制約 {id} が残っています。crm_resource --clear --resource {resource} で削除してください',
  'move-going-on': '{resource}: 移動中です ({node} の vm-ctl、プロセス {pid})',
  'stale-attribute':
    '停止処理中ではないのに {node} に {attribute} が設定されています。次の停止が強制停止になります。attrd_updater -D -n {attribute} -N {node} で削除してください',
  'domain-file-unusable':
    '{guest}: ドメイン定義ファイル {path} をこのホストで使用できません ({fault})。このホストでは動作できません。別のホストからコピーしてください',
  'domain-file-of-other':
    '{guest}: {path} のドメイン名は {name} です。{guest} に変更するか、登録し直してください',
  'channel-missing':
    '{guest}: {path} にチャネル {port} がないため、フェンシングもホストの状態の参照もできません。devices に追加してください',
  'channel-shared':
    '{guests}: ソケット {path} を共有しているため、1つのホストで同時に動作できません。それぞれ別にしてください',
  'cpu-of-one-host':
    '{guest}: CPU モード {mode} はホスト固有のため、マイグレーションできないことがあります。全ホスト共通のモデルを使用してください',
  'disk-cache':
    '{guest}: ディスク {disk} のキャッシュモード {cache} では libvirt がマイグレーションを拒否します。cache="none" にしてください',

  'key-refused': '{fault}; {remedy}',
  'key-made': '鍵 {key} を作成し、有効にしました ({path})',
  'key-rotated': '鍵 {key} を有効にしました。以前の鍵のトークンは、その鍵を失効させるまで使用できます',
  'key-withdrawn': '鍵 {key} を失効させました。この鍵のトークンはすべて拒否されます',
  'key-copy':
    '{path} をすべてのホストにコピーし (scp -p)、vm-stonithd が動作中のホストでは systemctl reload vm-stonithd で読み込ませてください',
  'key-fingerprint': 'フィンガープリント {fingerprint} ({path}、同じ鍵を持つホストでは同じ値)',
  'no-keys': '{path} に鍵がありません。vm-ctl key make で作成してください',
  'token-not-made': 'トークンを作成できません: {fault}',
  'token-refused': 'このトークンは使用できません: {fault}',
  'token-version-1':
    'バージョン1のトークンです。どのゲストからも、すべての操作に、無期限で使用できます。対象は openssl des-ede3 -d -base64 -md md5 -k パスフレーズ で確認できます',
  'token-grants': '{guests} が {resource} に対して {operations} を実行できます',
  'token-details': 'シリアル {serial}、鍵 {key} ({keyState})、作成 {issued}、期限 {until}',
  'token-expired': '期限切れです ({until})',
  'token-key-withdrawn': '鍵 {key} は失効しています',

  'column-guest': 'ドメイン',
  'column-resource': 'リソース',
  'column-migration': '移行',
  'column-preferred': '優先ノード',
  'column-state': '動作ノード/状態',
  'column-move': '移動の制約',
  'column-key': '鍵',
  'column-key-state': '状態',
  'column-created': '作成日時',
};
