/** TLS certificates for tests: a CA, a server certificate for the loopback names, one for another name. Valid until 2125; the key is not secret. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** The CA that signed both certificates; no client trusts it by default. */
export const TEST_CA = `-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUfsFiwWVtjhvLl5WBbO4DVYjYW/cwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjUwNTE5MzRaGA8yMTI2MTEwMTA1
MTkzNFowEjEQMA4GA1UEAwwHVGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABLoYQIg3pSOyr+moOXSz3bpvO++N29CqTqflAaMqyMQABC/tbZIwG4JvvFsI
v2asJsD2HyPGFf+CvMc3wsFkaESjYzBhMB0GA1UdDgQWBBQgvTx8XfoIA6MmThp2
KUdX22VOcTAfBgNVHSMEGDAWgBQgvTx8XfoIA6MmThp2KUdX22VOcTAPBgNVHRMB
Af8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNJADBGAiEA1ACW
Bw5kp6Bd6KJVh5qqS7okDlv8PtRIuX2hvalqOxMCIQDvaHY1xpoUQRNXR0SYUObq
9fYhSoc4kM8WaouWBmPVRA==
-----END CERTIFICATE-----
`;

/** Private key of both certificates. */
export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0i2495NGQBnN8olh
uXMMu4w6C7aDHqnroNhONZXh04OhRANCAASoV58ZUSHdKMpwtaFmskMayAW9kUN6
g5btD+OK0GyjqkNIQB6yL0ZeltUlGbf5lwTk58+T5PzzHEFw2Cf2sF55
-----END PRIVATE KEY-----
`;

/** For localhost, 127.0.0.1 and ::1. */
export const LOOPBACK_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBvzCCAWagAwIBAgIUMuhBdbcMBaOYw6SJPWLN7pdcIJwwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjUwNTE5MzRaGA8yMTI2MTEwMTA1
MTkzNFowGDEWMBQGA1UEAwwNdXBzdHJlYW0udGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABKhXnxlRId0oynC1oWayQxrIBb2RQ3qDlu0P44rQbKOqQ0hAHrIv
Rl6W1SUZt/mXBOTnz5Pk/PMcQXDYJ/awXnmjgZEwgY4wLAYDVR0RBCUwI4IJbG9j
YWxob3N0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMAkGA1UdEwQCMAAwEwYDVR0l
BAwwCgYIKwYBBQUHAwEwHQYDVR0OBBYEFKddL70ZlL9Ix3hAE4MvdxI3G6yLMB8G
A1UdIwQYMBaAFCC9PHxd+ggDoyZOGnYpR1fbZU5xMAoGCCqGSM49BAMCA0cAMEQC
ICIq6SwWENBAscElyNax2zwH7N4t6hJOKuX1dhZ25btPAiBYIRXszUrpmPauPB+1
loUu3PddAuVlJ3UaZTvHvdD+xQ==
-----END CERTIFICATE-----
`;

/** For other.test only. */
export const OTHER_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBpjCCAU2gAwIBAgIUMuhBdbcMBaOYw6SJPWLN7pdcIJ0wCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjUwNTE5MzRaGA8yMTI2MTEwMTA1
MTkzNFowGDEWMBQGA1UEAwwNdXBzdHJlYW0udGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABKhXnxlRId0oynC1oWayQxrIBb2RQ3qDlu0P44rQbKOqQ0hAHrIv
Rl6W1SUZt/mXBOTnz5Pk/PMcQXDYJ/awXnmjeTB3MBUGA1UdEQQOMAyCCm90aGVy
LnRlc3QwCQYDVR0TBAIwADATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQU
p10vvRmUv0jHeEATgy93EjcbrIswHwYDVR0jBBgwFoAUIL08fF36CAOjJk4adilH
V9tlTnEwCgYIKoZIzj0EAwIDRwAwRAIgZw/tZgvY/gI/jakzX1NScMqrbWIxWahe
LKxPX6eR+W0CICq8k2TWWaegA/5nyw0E0hzvx+X+Db2i1Zf4rkHLjbWc
-----END CERTIFICATE-----
`;

/** Writes the CA to a file that is removed after the test. */
export function caFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-ca-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, TEST_CA);
  return file;
}
