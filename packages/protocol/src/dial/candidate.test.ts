import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { Fields, pack, unpackFields } from '../bytes/struct.ts'
import { KithError } from '../errors.ts'
import { type Candidate, formatCandidate, mayCross, packCandidate, parseCandidate, readCandidate } from './candidate.ts'

const MDNS = '6f4d1b0e-91a7-4c2f-8d53-0a1b2c3d4e5f.local'
const udp: Candidate = {
  foundation: '1467250027',
  component: 1,
  transport: 'udp',
  priority: 2122260223,
  address: '192.0.2.7',
  port: 50000,
  type: 'host',
}
const tcp: Candidate = { ...udp, transport: 'tcp', port: 9, tcpType: 'active' }
const DIRECT = { disclosure: 'direct', allowLoopback: false } as const

/** As it came from a browser, and what is left of it. */
const SPOKEN: readonly [string, string, Candidate][] = [
  [
    `candidate:1467250027 1 udp 2122260223 ${MDNS} 50000 typ host generation 0 ufrag EsAw network-id 1 network-cost 999`,
    `candidate:1467250027 1 udp 2122260223 ${MDNS} 50000 typ host`,
    { ...udp, address: MDNS },
  ],
  [
    'a=candidate:842163049 1 UDP 1677729535 198.51.100.4 61234 typ srflx raddr 10.0.0.5 rport 50000 generation 0',
    'candidate:842163049 1 udp 1677729535 198.51.100.4 61234 typ srflx raddr 0.0.0.0 rport 9',
    { ...udp, foundation: '842163049', priority: 1677729535, address: '198.51.100.4', port: 61234, type: 'srflx' },
  ],
  [
    'candidate:3 1 udp 25108223 2001:DB8::5 3478 typ relay raddr 2001:db8::99 rport 50001',
    'candidate:3 1 udp 25108223 2001:db8::5 3478 typ relay raddr :: rport 9',
    { ...udp, foundation: '3', priority: 25108223, address: '2001:db8::5', port: 3478, type: 'relay' },
  ],
  [
    'candidate:1467250027 1 tcp 2122260223 192.0.2.7 9 typ host tcptype active generation 0',
    'candidate:1467250027 1 tcp 2122260223 192.0.2.7 9 typ host tcptype active',
    tcp,
  ],
]

describe('SDP text', () => {
  test.each(SPOKEN)('%s', (spoken, rebuilt, candidate) => {
    expect(parseCandidate(spoken)).toEqual(candidate)
    expect(formatCandidate(candidate)).toBe(rebuilt)
    expect(parseCandidate(rebuilt)).toEqual(candidate)
  })

  const line = 'candidate:1 1 udp 99 192.0.2.7 5000 typ host'
  test.each([
    ['end of candidates', ''],
    ['no address', 'candidate:1 1 udp 99'],
    ['another word for typ', line.replace('typ', 'type')],
    ['a type of its own', line.replace('host', 'magic')],
    ['a transport of its own', line.replace('udp', 'sctp')],
    ['foundation of 33', line.replace(':1', `:${'f'.repeat(33)}`)],
    ['foundation with a dash', line.replace(':1', ':a-b')],
    ['no foundation', line.replace(':1', ':')],
    ['component 0', line.replace(' 1 udp', ' 0 udp')],
    ['component 257', line.replace(' 1 udp', ' 257 udp')],
    ['priority 0', line.replace('99', '0')],
    ['priority 2^31', line.replace('99', '2147483648')],
    ['priority with a sign', line.replace('99', '+99')],
    ['priority in hex', line.replace('99', '0x99')],
    ['port 0', line.replace('5000', '0')],
    ['port 65536', line.replace('5000', '65536')],
    ['a DNS name', line.replace('192.0.2.7', 'evil.example')],
    ['a DNS name under .local', line.replace('192.0.2.7', 'printer.local')],
    ['tcp without tcptype', line.replace('udp', 'tcp')],
    ['tcptype as a value', `${line.replace('udp', 'tcp')} generation tcptype active 0`],
    ['udp with tcptype', `${line} tcptype active`],
    ['a second line', `${line}\r\na=setup:active`],
  ])('refused: %s', (_why, text) => {
    expect(parseCandidate(text)).toBeUndefined()
  })

  test('limits: what is refused above is taken one step before', () => {
    for (const text of [
      line.replace(':1', `:${'f'.repeat(32)}`),
      line.replace(' 1 udp', ' 256 udp'),
      line.replace('99', '2147483647'),
      line.replace('5000', '65535'),
    ]) {
      expect(parseCandidate(text), text).toBeDefined()
    }
  })

  test('whatever text comes, what is taken can be written down and read again', () => {
    const word = fc.constantFrom(
      'candidate:1',
      '1',
      'udp',
      'tcp',
      '9',
      MDNS,
      '192.0.2.7',
      '::1',
      'typ',
      'host',
      'relay',
      'tcptype',
      'so',
      '\r\n',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const candidate = parseCandidate(words.join(' '))
        if (candidate !== undefined) expect(parseCandidate(formatCandidate(candidate))).toEqual(candidate)
      }),
    )
  })
})

describe('struct', () => {
  test.each(SPOKEN.map(([, rebuilt, candidate]) => [rebuilt, candidate] as const))('round trip: %s', (_text, candidate) => {
    expect(readCandidate(unpackFields(pack(packCandidate(candidate))))).toEqual(candidate)
  })

  test('the bytes', () => {
    // fixarray 8, "1", 1, udp, 99, "192.0.2.7", 5000, host, nil
    const candidate: Candidate = { ...udp, foundation: '1', priority: 99, port: 5000 }
    const bytes = [0x98, 0xa1, 0x31, 1, 0, 99, 0xa9, ...new TextEncoder().encode('192.0.2.7'), 0xcd, 0x13, 0x88, 0, 0xc0]
    expect([...pack(packCandidate(candidate))]).toEqual(bytes)
  })

  const struct = packCandidate(udp)
  const withField = (at: number, value: unknown) => struct.map((field, index) => (index === at ? value : field))
  test.each([
    ['foundation empty', withField(0, '')],
    ['foundation of 33', withField(0, 'f'.repeat(33))],
    ['foundation with a space', withField(0, '1 1')],
    ['component 0', withField(1, 0)],
    ['component 257', withField(1, 257)],
    ['transport 2', withField(2, 2)],
    ['priority 0', withField(3, 0)],
    ['priority 2^31', withField(3, 2 ** 31)],
    ['priority with a fraction', withField(3, 1.5)],
    ['a DNS name', withField(4, 'evil.example')],
    ['text after the address', withField(4, '192.0.2.7 1')],
    ['lines after the address', withField(4, '192.0.2.7\r\na=x')],
    ['a line feed after the address', withField(4, '192.0.2.7\n')],
    ['address as bytes', withField(4, new Uint8Array([192, 0, 2, 7]))],
    ['port 0', withField(5, 0)],
    ['port 65536', withField(5, 65536)],
    ['type 4', withField(6, 4)],
    ['udp with a tcpType', withField(7, 0)],
    ['tcp without', withField(2, 1)],
    ['tcpType 3', packCandidate(tcp).map((field, index) => (index === 7 ? 3 : field))],
    ['a field missing', struct.slice(0, 6)],
    ['not a struct', 'candidate'],
  ])('refused: %s', (_why, value) => {
    expect(() => readCandidate(new Fields(value))).toThrow(expect.objectContaining({ code: 'peer-violation' }))
  })

  test('fuzz: damaged structs are refused in kind, and soon', async () => {
    const corpus = SPOKEN.map(([, , candidate]) => pack(packCandidate(candidate)))
    for (const bytes of mutations(8839, corpus, Number(process.env.KITH_FUZZ ?? 20_000))) {
      const attempt = () => {
        try {
          const candidate = readCandidate(unpackFields(bytes))
          expect(parseCandidate(formatCandidate(candidate))).toEqual(candidate)
        } catch (error) {
          if (!(error instanceof KithError)) throw error
        }
      }
      expect(await leastDurationMs(attempt, () => performance.now(), 50)).toBeLessThan(50)
    }
  })
})

describe('what may cross', () => {
  test.each([
    // mDNS and literal addresses that can be a peer's
    [MDNS, true],
    [MDNS.toUpperCase(), true],
    ['192.0.2.7', true],
    ['10.1.2.3', true],
    ['192.168.0.1', true],
    ['172.16.0.1', true],
    ['100.64.0.1', true],
    ['223.255.255.255', true],
    ['2001:db8::1', true],
    ['2001:db8:0:0:0:0:0:1', true],
    ['2001:DB8::192.0.2.33', true],
    ['fd12:3456:789a::1', true],
    ['2000::1', true],
    ['3fff:ffff::1', true],
    ['2001:200::1', true],
    ['2003::1', true],
    ['fc00::1', true],
    ['fdff::1', true],
    ['2001:db8::5efe', true],
    ['2001:db8::100:5efe:a:1', true],
    ['192.0.1.1', true],
    ['192.88.98.1', true],
    // loopback, unspecified, link-local, multicast, reserved
    ['127.0.0.1', false],
    ['127.255.255.254', false],
    ['::1', false],
    ['0:0:0:0:0:0:0:1', false],
    ['0.0.0.0', false],
    ['0.1.2.3', false],
    ['::', false],
    ['169.254.0.1', false],
    ['fe80::1', false],
    ['febf::1', false],
    ['fec0::1', false],
    ['224.0.0.1', false],
    ['239.255.255.250', false],
    ['240.0.0.1', false],
    ['255.255.255.255', false],
    ['ff02::1', false],
    // IPv4 in IPv6 clothes
    ['::ffff:192.0.2.7', false],
    ['::ffff:127.0.0.1', false],
    ['::FFFF:7f00:1', false],
    ['0:0:0:0:0:ffff:c000:207', false],
    ['::127.0.0.1', false],
    ['::7f00:1', false],
    ['::2', false],
    // an IPv4 address for a translator or a tunnel
    ['64:ff9b::127.0.0.1', false],
    ['64:ff9b::192.0.2.7', false],
    ['64:ff9b:1::7f00:1', false],
    ['64:FF9B:1:fffe:7f:0:1::', false],
    ['::ffff:0:127.0.0.1', false],
    ['2002:7f00:1::1', false],
    ['2002:c000:207::1', false],
    ['2001::1', false],
    ['2001:0:c000:207:8000:63bf:80ff:fffe', false],
    ['2001:1ff::1', false],
    ['2001:db8::5efe:7f00:1', false],
    ['fd00::200:5efe:127.0.0.1', false],
    ['192.0.0.4', false],
    ['192.88.99.1', false],
    // assigned to no host
    ['::1:0:0:0', false],
    ['::1:2:3:4', false],
    ['100::1', false],
    ['1fff:ffff::1', false],
    ['4000::1', false],
    ['fbff::1', false],
    ['fe00::1', false],
    // zones
    ['fe80::1%eth0', false],
    ['2001:db8::1%1', false],
    ['2001:db8::1%25eth0', false],
    // forms that parsers read differently
    ['127.1', false],
    ['2130706433', false],
    ['0x7f000001', false],
    ['0177.0.0.1', false],
    ['192.0.2.07', false],
    ['192.0.2.256', false],
    ['192.0.2', false],
    ['192.0.2.7.', false],
    ['192.0.2.7.1', false],
    [' 192.0.2.7', false],
    ['192.0.2.7\n', false],
    ['１９２.0.2.7', false],
    ['[2001:db8::1]', false],
    ['2001:db8::1/64', false],
    ['2001:db8::1::2', false],
    ['2001:db8:::1', false],
    [':2001:db8::1', false],
    ['2001:db8::1:', false],
    ['2001:db8:1', false],
    ['1:2:3:4:5:6:7:8:9', false],
    ['1:2:3:4:5:6:7::8', false],
    ['12345::1', false],
    ['192.0.2.7::', false],
    ['192.0.2.7::1', false],
    ['2001:db8::192.0.2', false],
    ['2001:db8::192.0.2.7:1', false],
    // names
    ['', false],
    ['localhost', false],
    ['evil.example', false],
    ['printer.local', false],
    [`${MDNS}.`, false],
    [`${MDNS}\n`, false],
    [`x.${MDNS}`, false],
    [MDNS.replace('.local', '.evil.example'), false],
    [MDNS.replace('6f4d', 'zzzz'), false],
  ])('%s: %s', (address, may) => {
    expect(mayCross({ ...udp, address }, DIRECT)).toBe(may)
  })

  test('property: an IPv4 address in IPv6 clothes never crosses, however it is written', () => {
    const hexOf = (octets: readonly number[]) => octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
    const groupsOf = (digits: string) => digits.match(/.{1,4}/g) ?? []
    const special = fc.constantFrom(
      [127, 0, 0, 1],
      [0, 0, 0, 0],
      [255, 255, 255, 255],
      [224, 0, 0, 251],
      [169, 254, 169, 254],
      [10, 0, 0, 1],
      [192, 168, 1, 1],
    )
    const ipv4 = fc.oneof(special, fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }))
    const forms: readonly ((v4: string, any: string) => string)[] = [
      (v4) => `${'0'.repeat(24)}${v4}`, // IPv4-compatible
      (v4) => `${'0'.repeat(20)}ffff${v4}`, // IPv4-mapped
      (v4) => `${'0'.repeat(16)}ffff0000${v4}`, // IPv4-translated
      (v4) => `0064ff9b${'0'.repeat(16)}${v4}`, // NAT64
      (v4, any) => `0064ff9b0001${any.slice(0, 12)}${v4}`, // RFC 8215, and RFC 6052 §2.2 in all its places
      (v4, any) => `0064ff9b0001${v4}${any.slice(0, 12)}`,
      (v4, any) => `2002${v4}${any.slice(0, 20)}`, // 6to4
      (v4, any) => `20010000${v4}${any.slice(0, 16)}`, // Teredo's server
      (v4, any) => `20010000${any.slice(0, 16)}${v4}`, // and its client
      (v4, any) => `2003${any.slice(0, 12)}00005efe${v4}`, // ISATAP
      (v4, any) => `fd00${any.slice(0, 12)}02005efe${v4}`,
    ]
    const shorten = (groups: readonly string[]) => groups.map((group) => group.replace(/^0{1,3}/, '')).join(':')
    const writings: readonly ((groups: readonly string[], dotted: string) => string)[] = [
      (groups) => groups.join(':'),
      (groups) => groups.join(':').toUpperCase(),
      (groups) => shorten(groups),
      (groups) => new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1), // RFC 5952
      (groups, dotted) => `${shorten(groups.slice(0, 6))}:${dotted}`,
    ]
    const digits = fc
      .array(fc.nat(15), { minLength: 20, maxLength: 20 })
      .map((all) => all.map((one) => one.toString(16)).join(''))
    fc.assert(
      fc.property(ipv4, fc.constantFrom(...forms), digits, fc.constantFrom(...writings), (octets, form, any, write) => {
        const groups = groupsOf(form(hexOf(octets), any))
        const tail = groups.slice(6).join('').match(/../g) ?? []
        const dotted = tail.map((pair) => Number.parseInt(pair, 16)).join('.')
        const address = write(groups, dotted)
        expect(mayCross({ ...udp, address }, { disclosure: 'direct', allowLoopback: false }), address).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each(['active', 'passive', 'so'] as const)('TCP, %s: never', (tcpType) => {
    const addresses = [MDNS, '192.0.2.7', '10.1.2.3', '127.0.0.1', '2001:db8::1']
    for (const address of addresses) {
      for (const type of ['host', 'srflx', 'prflx', 'relay'] as const) {
        const candidate: Candidate = { ...udp, transport: 'tcp', port: 9000, tcpType, address, type }
        expect(mayCross(candidate, { disclosure: 'direct', allowLoopback: true })).toBe(false)
        expect(readCandidate(unpackFields(pack(packCandidate(candidate))))).toEqual(candidate)
      }
    }
  })

  test('ssltcp is no transport', () => {
    expect(parseCandidate('candidate:1 1 ssltcp 99 192.0.2.7 443 typ host tcptype passive')).toBeUndefined()
  })

  test.each([
    ['192.0.2.7', 1, false],
    ['192.0.2.7', 22, false],
    ['192.0.2.7', 53, false],
    ['192.0.2.7', 80, true],
    ['192.0.2.7', 443, true],
    ['2001:db8::1', 443, true],
    ['10.0.0.1', 80, false],
    ['172.16.0.1', 443, false],
    ['172.32.0.1', 443, true],
    ['192.168.1.1', 80, false],
    ['100.64.0.1', 443, false],
    ['fd00::1', 443, false],
    [MDNS, 443, false],
    ['192.0.2.7', 1023, false],
    ['192.0.2.7', 1024, true],
    ['192.168.1.1', 1024, true],
    [MDNS, 1024, true],
    ['192.0.2.7', 2049, false],
    ['192.0.2.7', 5060, false],
    ['192.0.2.7', 6667, false],
    ['192.0.2.7', 10_080, false],
    ['192.0.2.7', 65_535, true],
  ])('%s at port %i: %s', (address, port, may) => {
    expect(mayCross({ ...udp, address, port }, DIRECT)).toBe(may)
  })

  test.each(['127.0.0.1', '::1'])('%s on a test host', (address) => {
    expect(mayCross({ ...udp, address }, { disclosure: 'direct', allowLoopback: true })).toBe(true)
  })

  test.each(['::ffff:127.0.0.1', '0.0.0.0', 'fe80::1', '224.0.0.1', 'localhost'])('%s not even there', (address) => {
    expect(mayCross({ ...udp, address }, { disclosure: 'direct', allowLoopback: true })).toBe(false)
  })

  test("'relayed' lets only what a TURN server has lent", () => {
    const types = ['host', 'srflx', 'prflx', 'relay'] as const
    const crossing = types.filter((type) => mayCross({ ...udp, type }, { disclosure: 'relayed', allowLoopback: true }))
    expect(crossing).toEqual(['relay'])
    expect(mayCross({ ...udp, type: 'relay', address: '169.254.1.1' }, { disclosure: 'relayed', allowLoopback: false })).toBe(
      false,
    )
    expect(mayCross({ ...udp, type: 'relay', address: '127.0.0.1' }, { disclosure: 'relayed', allowLoopback: false })).toBe(false)
  })
})
