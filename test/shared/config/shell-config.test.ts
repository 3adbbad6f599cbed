import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatProblem } from '../../../shared/config/problem.ts';
import { printShellConfig, readShellConfig } from '../../../shared/config/shell-config.ts';

/** The part of the file that the talk of 2011 shows, its trailing blanks included. */
const PUBLISHED = `#####  
# 基本設定内容 #  
#####  
# 仮想マシン定義ファイルディレクトリ  
vm_cfg_dir="/etc/libvirt/qemu"  
# VM設定ファイル(ドメイン定義)拡張子  
vm_cfg_ext=".xml"  
# ライブマイグレーションのデフォルトでの有効/無効  
vm_allow_migrate="off"  
# STONITH設定(ゲストリソースのon_fail設定を"fence"に指定します)  
vm_stonith="on"  
# Vm制御OCF(Linux-ha japan提供のリソースエージェントを指定します)  
vm_ocf=ocf:extra:VirtualDomain  
# crmadmin タイムアウト値  
crmadmin_timeout=10000  
# pingd制約(pingdクローンリソース名 属性名)
vm_pingd1=(clnPingd default_ping_set)
# diskd制約(diskdクローンリソース名 属性名)
vm_diskd1=(clnDiskd1 diskcheck_status)
#vm_diskd2=(clnDiskd2 diskcheck_status_internal)
# vm-managerd制約(リソース名 属性名)
vm_managerd1=(clnVmManagerd operator_check_status)
# vm-stonithd制約(リソース名)
vm_stonithd1=(clnVmStonithd)
`;

/** Each setting as `line name=value`, a list as JSON. */
function accepted(text: string): string[] {
  const result = readShellConfig('vm-ctl.conf', text);
  assert.ok(result.ok, result.ok ? '' : result.problems.map(formatProblem).join('\n'));
  assert.deepEqual(result.warnings, []);
  return result.entries.map((entry) => {
    const written = entry.kind === 'list' ? JSON.stringify(entry.values) : entry.value;
    return `${entry.line} ${entry.name}=${written}`;
  });
}

function refused(text: string): string[] {
  const result = readShellConfig('vm-ctl.conf', text);
  assert.ok(!result.ok, 'it was accepted');
  return result.problems.map(formatProblem);
}

function warned(text: string): string[] {
  const result = readShellConfig('vm-ctl.conf', text);
  assert.ok(result.ok);
  return result.warnings.map(formatProblem);
}

describe('readShellConfig', () => {
  it('reads the published file unchanged', () => {
    assert.deepEqual(accepted(PUBLISHED), [
      '5 vm_cfg_dir=/etc/libvirt/qemu',
      '7 vm_cfg_ext=.xml',
      '9 vm_allow_migrate=off',
      '11 vm_stonith=on',
      '13 vm_ocf=ocf:extra:VirtualDomain',
      '15 crmadmin_timeout=10000',
      '17 vm_pingd1=["clnPingd","default_ping_set"]',
      '19 vm_diskd1=["clnDiskd1","diskcheck_status"]',
      '22 vm_managerd1=["clnVmManagerd","operator_check_status"]',
      '24 vm_stonithd1=["clnVmStonithd"]',
    ]);
  });

  const meanings: readonly (readonly [text: string, settings: readonly string[]])[] = [
    ['', []],
    ['\n # only a comment', []],
    ['a=', ['1 a=']],
    ['a= # empty', ['1 a=']],
    ['a=()', ['1 a=[]']],
    ['  a=b\t # comment', ['1 a=b']],
    ['a=b#c', ['1 a=b#c']],
    [`a=a"b c"'d e'f\\ g`, ['1 a=ab cd ef g']],
    [`a="\\$x \\\`y\\\` \\"z\\" \\\\ \\n"`, ['1 a=$x `y` "z" \\ \\n']],
    [`a='$(x) \\'`, ['1 a=$(x) \\']],
    ['a=b\\\nc\nd=e', ['1 a=bc', '3 d=e']],
    ['a=qemu+tls://host/system?no_verify=1', ['1 a=qemu+tls://host/system?no_verify=1']],
    ['a=x~y', ['1 a=x~y']],
    ["a=(b 'c d' '' \"\")", ['1 a=["b","c d","",""]']],
    ['a=(\n  b # ) no end\n\n  c\\\nd\n) # end\ne=f', ['1 a=["b","cd"]', '7 e=f']],
    ['a=(b \\\n c)', ['1 a=["b","c"]']],
  ];
  for (const [text, settings] of meanings) {
    it(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(accepted(text), settings));
  }

  const LITERALLY = 'write the value itself, or put it in single quotes if it is meant literally';
  const PATTERN = 'write the values themselves, or put it in quotes if it is meant literally';
  const HOME = 'write the whole path, or put it in quotes if it is meant literally';
  const SHELL = 'remove it, or put it in quotes if it is part of the value';
  const BEHIND = 'put a value with white space in quotes, and each setting on a line of its own';
  const ONE_LINE = "write name=value or name=(a b), and '#' before a comment";
  const faults: readonly (readonly [text: string, problem: string])[] = [
    ['a=$(ls)', `'$(ls)' is not expanded: this file is read, never run; ${LITERALLY}`],
    ['a="$( (ls) ) b"', `'$( (ls) )' is not expanded: this file is read, never run; ${LITERALLY}`],
    ['a=`ls`', `'\`ls\`' is not expanded: this file is read, never run; ${LITERALLY}`],
    ['a=("x`ls`")', `'\`ls\`' is not expanded: this file is read, never run; ${LITERALLY}`],
    ['a=$HOME/x', `'$HOME' is not expanded: this file is read, never run; ${LITERALLY}`],
    [`a=\${b:-\${c}}/x`, `'\${b:-\${c}}' is not expanded: this file is read, never run; ${LITERALLY}`],
    ['a=$((1+2))', `'$((1+2))' is not expanded: this file is read, never run; ${LITERALLY}`],
    ['a=5$', `'$' is not expanded: this file is read, never run; ${LITERALLY}`],
    ["a=$'x'", `'$' is not expanded: this file is read, never run; ${LITERALLY}`],
    ['a=~/x', `'~' is not expanded to a home directory; ${HOME}`],
    ['a=x:~', `'~' is not expanded to a home directory; ${HOME}`],
    ['a=(~)', `'~' is not expanded to a home directory; ${HOME}`],
    ['a=(x*)', `unquoted '*' in a list is a pattern, which is not expanded; ${PATTERN}`],
    ['a=(x?)', `unquoted '?' in a list is a pattern, which is not expanded; ${PATTERN}`],
    ['a=(x[1])', `unquoted '[' in a list is a pattern, which is not expanded; ${PATTERN}`],
    ['a=({b,c})', `unquoted '{' in a list is a pattern, which is not expanded; ${PATTERN}`],
    ['a=b; ls', `unquoted '; ls' is shell, which is not run; ${SHELL}`],
    ['a=b&&ls', `unquoted '&&ls' is shell, which is not run; ${SHELL}`],
    ['a=b|ls', `unquoted '|ls' is shell, which is not run; ${SHELL}`],
    ['a=b>c', `unquoted '>c' is shell, which is not run; ${SHELL}`],
    ['a=b<c', `unquoted '<c' is shell, which is not run; ${SHELL}`],
    ['a=b(c)', `unquoted '(c)' is shell, which is not run; ${SHELL}`],
    ['a=b)', `unquoted ')' is shell, which is not run; ${SHELL}`],
    ['a=(b (c d) e)', `unquoted '(c d)' is shell, which is not run; ${SHELL}`],
    ['a=(b;c)', `unquoted ';' is shell, which is not run; ${SHELL}`],
    ['a="b', "double quotes opened before 'b' are not closed on the line; add the closing \""],
    ["a='b", "single quotes opened before 'b' are not closed on the line; add the closing '"],
    ['a=b\\', "'\\' with nothing behind it; remove it"],
    ['a=(b', "the list 'a' is not closed before the end of the file; add the closing ')'"],
    ['a=(b\nc=d', "the list 'a' is not closed before 'c=d' in line 2; add the closing ')'"],
    ['a=([1]=b)', "a list is not filled by index, as '[1]=' does; write the values in their order"],
    ['a=b c', `'c' behind the value; ${BEHIND}`],
    ['a=b c=d', `'c=d' behind the value; ${BEHIND}`],
    ['a=(b)c', `'c' behind the value; ${BEHIND}`],
    ['a=(b)#c', `'#c' behind the value; ${BEHIND}`],
    ['a= b', "white space between '=' and 'b'; remove it"],
    ['a = b', "white space between 'a' and '='; remove it"],
    ['a+=b', "'+=' adds to 'a', which is not supported; write the whole value with '='"],
    ['a[0]=b', "'a' is set by index, which is not supported; write the whole list as name=(a b)"],
    ['export a=b', "'export' is a command, which is not run; remove the word 'export'"],
    ['if true; then', `'if true; then' is no setting; ${ONE_LINE}`],
    ['f() {', `'f() {' is no setting; ${ONE_LINE}`],
    ['. /etc/default', `'. /etc/default' is no setting; ${ONE_LINE}`],
    ['vm-ctl=b', `'vm-ctl=b' is no setting; ${ONE_LINE}`],
    ['設定', `'設定' is no setting; ${ONE_LINE}`],
    ['\u3000a=b', `'\\u{3000}a=b' is no setting; ${ONE_LINE}`],
    ['a="\u001b[0m"', "control character '\\u{1b}' in '\\u{1b}[0m'; write it again as plain UTF-8 text"],
    ['a=b\rc', "control character '\\u{d}' in 'b\\u{d}c'; write it again as plain UTF-8 text"],
    ['a=\uFFFD', "characters that are not UTF-8 in '\uFFFD'; write it again as plain UTF-8 text"],
    ['a=\uD800', "characters that are not UTF-8 in '\\u{d800}'; write it again as plain UTF-8 text"],
    ['#\0', 'a NUL byte, so this is no text file; save it as plain text in UTF-8'],
    [
      'a=(b)\na=c',
      "'a' is a list in line 1, of which this would replace only the first value; remove one of the two lines",
    ],
  ];
  for (const [text, problem] of faults) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const line = problem.startsWith("'a' is a list in") ? 4 : 3;
      const shifted = problem.replace(/in line (\d)/, (_, number) => `in line ${Number(number) + 2}`);
      assert.deepEqual(refused(`\nok=1\n${text}`), [`vm-ctl.conf:${line}: error: ${shifted}`]);
    });
  }

  it('reports every fault of a file, in order, and goes on behind each', () => {
    const text = 'a="$x$(y)\nb=$z\nc=(`x` $y *\nd=1 2\ne = f\nok=1';
    assert.deepEqual(
      refused(text).map((problem) => problem.split(/ (?:is|are|in|between|behind) /)[0]),
      [
        "vm-ctl.conf:1: error: double quotes opened before ''",
        "vm-ctl.conf:1: error: '$x'",
        "vm-ctl.conf:1: error: '$(y)'",
        "vm-ctl.conf:2: error: '$z'",
        "vm-ctl.conf:3: error: the list 'c'",
        "vm-ctl.conf:3: error: '`x`'",
        "vm-ctl.conf:3: error: '$y'",
        "vm-ctl.conf:3: error: unquoted '*'",
        "vm-ctl.conf:4: error: '2'",
        'vm-ctl.conf:5: error: white space',
      ],
    );
  });

  it('takes the last value of a name, as the shell does, and warns', () => {
    assert.deepEqual(warned('a=b\nc=d\na=e'), [
      "vm-ctl.conf:3: warning: 'a' is set again, so the value in line 1 does not count; remove one of the two lines",
    ]);
    const result = readShellConfig('f', 'a=b\nc=d\na=(e f)');
    assert.deepEqual(result.ok && result.entries, [
      { kind: 'value', name: 'c', value: 'd', line: 2 },
      { kind: 'list', name: 'a', values: ['e', 'f'], line: 3 },
    ]);
  });

  it('takes CRLF line ends and a byte order mark away, and warns', () => {
    const text = '\uFEFFa=b\r\nc=(d\r\ne)\r\n';
    assert.deepEqual(warned(text), [
      'vm-ctl.conf:1: warning: a byte order mark, ignored; save the file as UTF-8 without one',
      "vm-ctl.conf:1: warning: line ends with a carriage return (CRLF), ignored here and below; convert the file, for example with sed -i 's/\\r$//'",
    ]);
    const result = readShellConfig('f', text);
    assert.deepEqual(result.ok && printShellConfig(result.entries), 'a=b\nc=(d e)\n');
  });

  it('lets comments be in any encoding', () => {
    const eucJp = Buffer.from([0x23, 0xc0, 0xdf, 0xc4, 0xea, 0x0a, 0x61, 0x3d, 0x62]);
    assert.deepEqual(accepted(eucJp.toString('utf8')), ['2 a=b']);
  });

  it('does not parse more than 1 MiB, counted as UTF-8', () => {
    const problem = 'vm-ctl.conf:1: error: the file is larger than 1 MiB; see whether this is the right file';
    assert.deepEqual(accepted(`#${'x'.repeat(1024 * 1024 - 1)}`), []);
    assert.deepEqual(refused('#'.repeat(1024 * 1024 + 1)), [problem]);
    assert.deepEqual(refused(`#${'設'.repeat(350_000)}`), [problem]);
  });
});

describe('printShellConfig', () => {
  it('quotes only what needs it', () => {
    const text = printShellConfig([
      { kind: 'value', name: 'a', value: 'qemu:///system' },
      { kind: 'value', name: 'b', value: '' },
      { kind: 'value', name: 'c', value: "it's $(x)" },
      { kind: 'list', name: 'd', values: ['0', '120s', 'a b'] },
      { kind: 'list', name: 'e', values: [] },
    ]);
    assert.equal(text, "a=qemu:///system\nb=''\nc='it'\\''s $(x)'\nd=(0 120s 'a b')\ne=()\n");
  });

  it('throws on what it has no way to write', () => {
    const print = (name: string, value: string) => () => printShellConfig([{ kind: 'value', name, value }]);
    assert.throws(print('a', 'b\nc=d'), {
      message: "cannot write the setting 'a': control character '\\u{a}' in its value; use plain text",
    });
    assert.throws(print('a=b\nc', 'd'), {
      message:
        "cannot write the setting 'a=b\\u{a}c': it is no name that a shell knows; use letters, digits and _ only",
    });
  });
});
