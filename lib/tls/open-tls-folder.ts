import { Gauge } from 'prom-client';
import { TlsFolder } from './tls-folder.ts';

/** The certificate of this process. */
let own: TlsFolder | undefined;

const expiry = new Gauge({
  name: 'purser_tls_certificate_expiry_seconds',
  help: 'When the certificate in PURSER_TLS_FOLDER expires, in seconds since the epoch.',
  collect() {
    // Without a value, not with 0: that would be a certificate that expired long ago.
    this.remove();
    // Files that cannot be read right now have no expiry to tell of; the log says why.
    try {
      if (own !== undefined) this.set(own.expirySeconds());
    } catch {}
  },
});

/**
 * The folder that PURSER_TLS_FOLDER names, if it names one. From then on the metrics tell when its
 * certificate expires. Throws a sentence when it cannot be used.
 */
export function openTlsFolder(folder: string | undefined): TlsFolder | undefined {
  own = folder === undefined ? undefined : new TlsFolder(folder);
  if (own === undefined) expiry.remove();
  return own;
}
