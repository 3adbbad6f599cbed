import type { HelpTexts } from './help.ts';

const CHANGE = `
変更を行うコマンドに共通のオプション:
      --dry-run        変更内容と Pacemaker の動作を表示するだけで、変更しません
  -y, --yes            確認しません
      --cib-file FILE  クラスタの代わりに構成ファイルを対象にします
      --config FILE    /etc/vm-ctl.conf の代わりに使用します
      --json           JSON で出力します
  -q, --quiet          問題だけを表示します`;

const WAIT = `
完了待ち:
      --no-wait        構成を変更したら終了します
      --timeout SEC    待つ秒数の上限 (600)`;

const NAMES = `
ゲストは空白またはカンマで区切ります。"web*" のようなパターンも使えます (シェルからは引用符で囲みます)。
-- の後はすべて名前として扱い、オプションやパターンとは見なしません。`;

const KEYS = `
      --keys FILE      /etc/pm-kvm-tools/keys の代わりに使用します
      --json           JSON で出力します`;

export const helpJa: HelpTexts = {
  '': `使い方: vm-ctl コマンド [名前] [オプション]

ホストクラスタ上のゲスト:
  resource add|delete|start|stop|move|unmove|list
  location move        動作中のノードを優先起動ノードにします
  evacuate NODE        ノード上の全ゲストを移動します
  undo                 最後の変更を取り消します
  check                問題がないか調べます
  status               ゲスト、ホスト、監視属性、接続、フェンシングを1画面に表示します

初期設定:
  host init            ping・ディスク監視、デーモン、vm-ctl.conf を設定します
  guest init           ゲストのチャネル、トークン、フェンシング設定を用意します

フェンシングの権限:
  key make|list|rotate|withdraw
  token make|explain

その他:
  completion bash|zsh
  --version

例:
  vm-ctl resource add guest1, guest2 -a hostA
  vm-ctl resource start 'web*'
  vm-ctl resource move guest2 -n hostB
  vm-ctl resource list

詳細は vm-ctl コマンド --help を参照してください。終了コード: 0 完了、1 未完了、2 クラスタや libvirt に接続できない、130 中断`,

  resource: `使い方: vm-ctl resource add|delete|start|stop|move|unmove|list

  add ゲスト -a ノード      ゲストをクラスタに登録します (停止状態)
  delete ゲスト             登録を削除します
  start ゲスト              起動します
  stop ゲスト               停止します
  move ゲスト [-n ノード]   移動します (許可されていればライブマイグレーション)
  unmove ゲスト             移動で残った制約を削除します
  list [ゲスト]             一覧を表示します

例:
  vm-ctl resource add guest1 -a hostA && vm-ctl resource start guest1`,

  'resource add': `使い方: vm-ctl resource add ゲスト -a ノード [-m on|off]

/etc/vm-ctl.conf に従って、オペレーション、ping、ディスク、デーモンの制約とともにゲストを登録します。登録時は停止状態です。
このホストやクラスタの他のホストで動作中のゲストは Pacemaker が停止させるため、事前に確認します。

  -a, --active NODE    優先的に起動させるノード
  -m, --migrate on|off  ライブマイグレーション (未指定時は vm_allow_migrate に従います)
      --format FORM    構成を表示するだけです: crm、pcs、xml
${NAMES}
${CHANGE}

例:
  vm-ctl resource add guest1, guest2 -a hostA
  vm-ctl resource add 'web*' -a hostA -m on --dry-run
  vm-ctl resource add guest1 -a hostA --format crm > guest1.crm`,

  'resource delete': `使い方: vm-ctl resource delete ゲスト

停止しているゲストと、関連する構成をすべてクラスタから削除します。ドメイン定義とディスクは残ります。
${NAMES}
${CHANGE}

例:
  vm-ctl resource delete guest2`,

  'resource start': `使い方: vm-ctl resource start ゲスト

ゲストを起動し、動作するまで待ちます。
${NAMES}
${WAIT}
${CHANGE}

例:
  vm-ctl resource start guest1, guest2
  vm-ctl resource start 'web*' --no-wait`,

  'resource stop': `使い方: vm-ctl resource stop ゲスト

ゲストを停止し、停止するまで待ちます。
${NAMES}
${WAIT}
${CHANGE}

例:
  vm-ctl resource stop guest2`,

  'resource move': `使い方: vm-ctl resource move ゲスト [-n ノード]

ゲストを移動し、移動先で動作するまで待ちます。そのための制約は、成否にかかわらず必ず削除します。-n がなければ最適な別のノードへ移動します。

  -n, --node NODE      移動先
      --prefer         移動先を優先起動ノードにもします
${WAIT}
${CHANGE}

例:
  vm-ctl resource move guest2 -n hostB
  vm-ctl resource move guest2 --dry-run`,

  'resource unmove': `使い方: vm-ctl resource unmove ゲスト

移動 (ほかのツールによるものも含む) で残った制約を削除します。
${CHANGE}

例:
  vm-ctl resource unmove guest2`,

  'resource list': `使い方: vm-ctl resource list [ゲスト] [-n ノード]

ドメイン、リソース、移行 (ライブマイグレーション)、優先ノード、動作ノードまたは状態、移動の制約の有無を表示します。

  -n, --node NODE      このノードで動作中のゲストだけ
      --cib-file FILE  構成ファイルを対象にします
      --json           JSON で出力します

例:
  vm-ctl resource list
  vm-ctl resource list 'web*' --json`,

  location: `使い方: vm-ctl location move ゲスト | -b ノード`,

  'location move': `使い方: vm-ctl location move ゲスト | -b ノード

ゲストが現在動作しているノードを優先起動ノードにします。

  -b, --before NODE    NODE を優先しながら別のノードで動作中の全ゲスト
${CHANGE}

例:
  vm-ctl location move guest2
  vm-ctl location move -b hostA`,

  evacuate: `使い方: vm-ctl evacuate ノード

ノード上の全ゲストを順に、それぞれ最適な別のノードへ移動します。移動できないものは、移動を始める前に表示します。

      --prefer         移動先を優先起動ノードにもします
${WAIT}
${CHANGE}

例:
  vm-ctl evacuate hostA --dry-run`,

  undo: `使い方: vm-ctl undo

ほかの変更がなければ、このホストの vm-ctl による最後の変更の前の構成に戻します。
${CHANGE}

例:
  vm-ctl undo --dry-run`,

  check: `使い方: vm-ctl check

問題を調べ、それぞれの対処を表示します。問題がなく、すべて確認できたときだけ終了コードは 0 です。移動で残った制約、フェンシングで
残った属性、チャネル、ノード、リソース、クローンのほか、全ホストについて、ドメイン定義が同じか、ディスクが共有されているか、CPU が
マイグレーション可能か、デーモンが動作し接続されているか、鍵と時計が同じか、クラスタを介さずにゲストが起動されないか、
フェンシングされたゲストが保存されたメモリから再開しないかを調べます。

ほかのホストの確認には ssh を root・パスワードなしで使用します (vm-ctl.conf の vm_remote_shell)。

      --local          ほかのホストの check に渡す、このホストの情報を JSON で表示します
      --cib-file FILE  構成ファイルを対象にします (ほかのホストは調べません)
      --json           JSON で出力します

例:
  vm-ctl check || mail -s 'vm-ctl check' root < /dev/null`,

  status: `使い方: vm-ctl status [--watch] [--interval 秒] [--json]

ホストと ping・ディスクの監視属性、ゲストの状態、このホストとゲストの接続、実行中の移動とマイグレーション、フェンシングの
履歴を1画面に表示します。取得できなかったものはその旨を表示し、終了コードは 2 になります。

  -w, --watch          Ctrl-C まで繰り返し表示します
  -i, --interval SEC   表示の間隔 (2)
      --cib-file FILE  構成ファイルを対象にします
      --json           JSON で出力します (--watch では1行に1オブジェクト)

ゲストとの接続とゲストのフェンシング履歴は、このホストのものです (クラスタには保存されません)。

例:
  vm-ctl status
  vm-ctl status --watch --interval 5`,
  host: `使い方: vm-ctl host init

ゲスト以外にホストに必要なもの (ping とディスクの監視、連携デーモン) を設定します。

例:
  vm-ctl host init --ping 192.0.2.1 --disk /dev/sda --dry-run`,
  'host init': `使い方: vm-ctl host init [--ping アドレス] [--disk デバイス] [--daemons 一覧]

ゲストが依存するものを、全ホストで動作するクローンとして一度の変更でクラスタに登録します。ping 監視 (default_ping_set)、
ディスク監視 (diskcheck_status)、vm-connectd、vm-stonithd、vm-managerd とその順序です。移動したゲストが移動先に留まるように、
全リソースの既定値 resource-stickiness=INFINITY も設定します。すでにあるものは変更しません。
その後 /etc/vm-ctl.conf に書き込みます (コメントだけのファイルには追記します)。設定のあるファイルは変更せず、足りない行を表示します。
全ホストで同じ内容にする必要があるため、ほかのホストにコピーしてください。

      --ping ADDRESS   ping の監視先 (複数指定すると、1つでも応答すれば正常とみなします)
      --disk DEVICE    監視するディスク (複数指定できます)
      --daemons LIST   vm-stonithd,vm-managerd から選ぶか none (既定は両方)
      --format FORM    構成を表示するだけです: crm、pcs、xml
${CHANGE}

例:
  vm-ctl host init --ping 192.0.2.1 --disk /dev/sda --dry-run
  vm-ctl host init --ping 192.0.2.1,192.0.2.2 --disk /dev/sda --disk /dev/sdb
  vm-ctl host init --ping 192.0.2.1 --format crm > hosts.crm`,
  guest: `使い方: vm-ctl guest init

互いにフェンシングできるゲストクラスタに必要なものを用意します。

例:
  vm-ctl guest init guest1, guest2 --format pcs > fencing.sh`,
  'guest init': `使い方: vm-ctl guest init ゲスト [--format crm|pcs|xml]

ゲストクラスタの全メンバーのドメイン定義にチャネル vmconnectd を追加し、フェンシング用トークンを作成して、ゲストの1つで読み込む
フェンシング設定 (fence_vm) を表示します。標準出力に出力するのは設定だけです。

      --format FORM    crm、pcs、xml (既定は crm)
      --nodes NAMES    ゲストクラスタでのノード名 (同じ順。既定はドメイン名)
      --tokens FILE    トークンを構成に含めずこのファイルに書きます (各ゲストの /etc/pm-kvm-tools/tokens 用)
      --expires WHEN   2030-12-31T23:59:59Z のような時刻か、90d、12h、1y のような期間 (既定は無期限)
      --live           動作中のゲストにもチャネルを接続します
      --dry-run        行う内容を表示するだけで、変更しません
${KEYS}
${NAMES}

例:
  vm-ctl guest init guest1, guest2 > fencing.crm
  vm-ctl guest init 'db*' --live --tokens db.tokens --format pcs > fencing.sh`,

  key: `使い方: vm-ctl key make|list|rotate|withdraw

フェンシング用トークンの鍵です。すべてのホストで同じでなければなりません。

  make                 最初の鍵を作成します
  list                 鍵と状態を表示します。フィンガープリントが同じなら鍵も同じです
  rotate               新しい鍵を作成します。以前の鍵のトークンも使用できます
  withdraw 鍵          その鍵のトークンをすべて拒否します

例:
  vm-ctl key make && scp -p /etc/pm-kvm-tools/keys hostB:/etc/pm-kvm-tools/keys`,
  'key make': `使い方: vm-ctl key make

最初の鍵を作成します。
${KEYS}

例:
  vm-ctl key make`,
  'key list': `使い方: vm-ctl key list
${KEYS}

例:
  vm-ctl key list --json`,
  'key rotate': `使い方: vm-ctl key rotate

新しい鍵を作成し、以後のトークンに使用します。以前の鍵のトークンは、その鍵を失効させるまで使用できます。
${KEYS}

例:
  vm-ctl key rotate`,
  'key withdraw': `使い方: vm-ctl key withdraw 鍵

以後、その鍵のトークンをすべて拒否します。
${KEYS}

例:
  vm-ctl key withdraw 3f9a1c07`,

  token: `使い方: vm-ctl token make|explain

トークンを持つゲストは、別のゲストをフェンシングできます。トークンがなければできません。

例:
  vm-ctl token make guest2 --guest guest1 > guest2.token`,
  'token make': `使い方: vm-ctl token make 対象 --guest ゲスト

ゲストが対象をフェンシングするためのトークンを表示します。

  -g, --guest GUESTS   使用できるゲスト (複数回指定できます)
  -r, --resource ID    対象のリソース (vm-ctl で登録していない場合)
      --allow LIST     on,off,reset,status から (既定はすべて)
      --expires WHEN   2030-12-31T23:59:59Z のような時刻か、90d、12h、1y のような期間 (既定は無期限)
${KEYS}

例:
  vm-ctl token make guest2 --guest guest1
  vm-ctl token make guest2 -g guest1,guest3 --allow off,status --expires 1y`,
  'token explain': `使い方: vm-ctl token explain [トークン]

トークンで何ができるか、まだ有効かを表示します。指定がなければ標準入力から読みます。
${KEYS}

例:
  vm-ctl token explain < guest2.token`,

  completion: `使い方: vm-ctl completion bash|zsh

コマンド、オプション、ドメイン、ノードを補完するためのシェルの設定を表示します。

例:
  vm-ctl completion bash > /etc/bash_completion.d/vm-ctl
  vm-ctl completion zsh > /usr/share/zsh/site-functions/_vm-ctl`,
};
