import { html } from 'hono/html';
import type { Emulator } from './handles.js';

/** A page that lists the endpoints and knobs, for a person with a browser. */
export function page(emulator: Emulator): ReturnType<typeof html> {
  const { url, joor, bearerLogin, passwordRefresh, jwtLogin } = emulator;
  const { keycloak, serviceNow, magento, proxmox, zabbix } = emulator;
  const rows = [
    {
      name: 'JOOR',
      slug: 'joor',
      login: joor.options.baseUrl,
      refresh: joor.tokenEndpoint,
      api: joor.apiUrl,
    },
    {
      name: 'TeleTracker',
      slug: 'bearer-login',
      login: `${bearerLogin.options.baseUrl}/auth/login`,
      refresh: `${bearerLogin.options.baseUrl}/auth/refresh`,
      api: bearerLogin.apiUrl,
    },
    {
      name: 'Simacan',
      slug: 'password-refresh',
      login: `${passwordRefresh.options.baseUrl}/auth/password`,
      refresh: `${passwordRefresh.options.baseUrl}/auth/refresh`,
      api: passwordRefresh.apiUrl,
    },
    {
      name: 'UniPoll',
      slug: 'jwt-login',
      login: `${jwtLogin.options.baseUrl}/auth/jwt/login`,
      refresh: `${jwtLogin.options.baseUrl}/auth/jwt/postman_refresh`,
      api: jwtLogin.apiUrl,
    },
    {
      name: 'Keycloak',
      slug: 'keycloak',
      of: '@auth/oauth2-password',
      login: `${keycloak.options.issuer}/protocol/openid-connect/token`,
      api: keycloak.apiUrl,
    },
    {
      name: 'ServiceNow',
      slug: 'service-now',
      of: '@auth/oauth2-password',
      login: serviceNow.options.tokenEndpoint,
      api: serviceNow.apiUrl,
    },
    {
      name: 'Magento',
      slug: 'magento',
      of: 'an example',
      login: `${magento.options.baseUrl}/rest/V1/integration/admin/token`,
      api: magento.apiUrl,
    },
    {
      name: 'Proxmox',
      slug: 'proxmox',
      of: 'an example',
      login: `${proxmox.options.baseUrl}/api2/json/access/ticket`,
      api: proxmox.apiUrl,
    },
    { name: 'Zabbix', slug: 'zabbix', of: 'an example', login: zabbix.apiUrl, api: zabbix.apiUrl },
  ];
  const pathOf = (address: string): string => address.slice(url.length);
  const { username, password, clientId, clientSecret } = joor.options;
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Auth emulator</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  .wide { overflow-x: auto }
  table { border-collapse: collapse }
  th, td { text-align: left; padding: .4rem 1rem .4rem 0; border-bottom: 1px solid #8884; vertical-align: top }
  code { font-size: .9em }
  pre { overflow-x: auto }
</style>
<h1>Auth emulator</h1>
<p>Nine vendors' token servers, all below <code>${url}</code>. The account of each is <code>${username}</code>, on Proxmox
<code>${proxmox.options.username}</code>, with the password <code>${password}</code>; the client of JOOR, Keycloak and
ServiceNow is <code>${clientId}</code> with the secret <code>${clientSecret}</code>.</p>
<div class="wide"><table>
<tr><th>Vendor</th><th>Log in</th><th>Refresh</th><th>API</th><th></th></tr>
${rows.map(
  (row) => html`<tr><td>${row.name}<br><small>${row.of ?? `@auth/${row.slug}`}</small></td>
<td><code>${pathOf(row.login)}</code></td>
<td>${row.refresh === undefined ? '' : html`<code>${pathOf(row.refresh)}</code>`}</td>
<td><code>${pathOf(row.api)}</code></td><td><a href="/_emulator/${row.slug}/ledger">ledger</a></td></tr>`,
)}
</table></div>
<h2>By hand</h2>
<pre><code>curl -F grant_type=password -F client_id=${clientId} -F client_secret=${clientSecret} \\
  -F username=${username} -F password=${password} ${joor.options.baseUrl}
curl -d username=${username} -d password=${password} ${bearerLogin.options.baseUrl}/auth/login
curl -d username=${username} -d password=${password} ${passwordRefresh.options.baseUrl}/auth/password
curl -d grant_type=password -d username=${username} -d password=${password} \\
  ${jwtLogin.options.baseUrl}/auth/jwt/login</code></pre>
<h2>Knobs</h2>
<p>POST JSON to <code>/_emulator/&lt;vendor&gt;/&lt;knob&gt;</code>, by the name in the ledger's address, as
<code>curl -d '{"times": 2, "status": 503}' ${url}/_emulator/joor/answer</code> does.</p>
<ul>
<li><code>settings</code>: <code>accessTokenLifetimeMs</code>, <code>refreshTokenLifetimeMs</code>,
<code>delayBeforeCommitMs</code>, <code>delayAfterCommitMs</code>, <code>lockAfter</code>, <code>clockOffsetMs</code>,
<code>refreshWorks</code>, <code>oneTimeCode</code></li>
<li><code>answer</code>: <code>on</code> (login, refresh, token or api), <code>times</code>, <code>status</code>,
<code>headers</code>, <code>body</code>: what the next calls get</li>
<li><code>drop</code>: <code>times</code>: the next token calls take effect and lose their answer</li>
<li><code>omit</code>: <code>fields</code>: left out of token answers from now on</li>
<li><code>expire</code>, <code>revoke</code>: access tokens end; <code>end</code>: sessions end</li>
<li><code>account</code>: <code>username</code>, <code>password</code>: another one; <code>state</code>:
<code>username</code>, <code>state</code> (active, locked, disabled, not_set_up or deleted)</li>
<li><code>reset</code>: settings, ledger, tokens and scripted answers as at the start</li>
</ul>
</html>`;
}
