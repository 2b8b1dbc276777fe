// Seals and opens values with Node.js and libraries from npm: node.mjs LIBRARY seal|open, as python.py.

import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(process.env.NODE_LIBRARIES + '/')
const [library, action] = process.argv.slice(2)
const { secret, values } = JSON.parse(readFileSync(0, 'utf8'))

// Helpers as they stand in thousands of programs, with Node's own cipher.
function gcm(key, iv, plaintext, aad) {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  if (aad) cipher.setAAD(Buffer.from(aad))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { ciphertext, tag: cipher.getAuthTag() }
}

function ungcm(key, iv, ciphertext, tag, aad) {
  const decipher = createDecipheriv('aes-256-gcm', key, iv)
  if (aad) decipher.setAAD(Buffer.from(aad))
  decipher.setAuthTag(tag)
  return Buffer.concat([decipher.update(ciphertext), decipher.final()])
}

const hex = (text) => Buffer.from(text, 'hex')

function joined(ivBytes, encoding, separator, order, key, prefix = '') {
  return {
    seal(plaintext) {
      const iv = randomBytes(ivBytes)
      const parts = { iv, ...gcm(key, iv, plaintext) }
      return prefix + order.map((name) => parts[name].toString(encoding)).join(separator)
    },
    open(stored) {
      const pieces = stored.toString().slice(prefix.length).split(separator)
      const parts = Object.fromEntries(order.map((name, n) => [name, Buffer.from(pieces[n], encoding)]))
      return ungcm(key, parts.iv, parts.ciphertext, parts.tag)
    },
  }
}

const libraries = {
  crypto_hex: () => joined(12, 'hex', ':', ['iv', 'tag', 'ciphertext'], hex(secret)),
  crypto_hex_iv16: () => joined(16, 'hex', ':', ['iv', 'tag', 'ciphertext'], hex(secret)),
  crypto_base64url: () => joined(12, 'base64url', '.', ['iv', 'tag', 'ciphertext'], hex(secret)),
  langfuse: () => joined(12, 'hex', ':', ['iv', 'ciphertext', 'tag'], hex(secret)),
  formbricks: () => joined(16, 'hex', ':', ['iv', 'ciphertext', 'tag'], Buffer.from(secret, 'latin1')),
  formbricks_cbc: () => ({
    seal(plaintext) {
      const iv = randomBytes(16)
      const cipher = createCipheriv('aes-256-cbc', Buffer.from(secret, 'latin1'), iv)
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
      return iv.toString('hex') + ':' + ciphertext.toString('hex')
    },
  }),
  crypto_scrypt: () => ({
    seal(plaintext) {
      const salt = randomBytes(16)
      const { seal } = joined(12, 'hex', ':', ['iv', 'tag', 'ciphertext'], scryptSync(secret, salt, 32))
      return salt.toString('hex') + ':' + seal(plaintext)
    },
    open(stored) {
      const [salt, ...rest] = stored.toString().split(':')
      const key = scryptSync(secret, hex(salt), 32)
      return joined(12, 'hex', ':', ['iv', 'tag', 'ciphertext'], key).open(Buffer.from(rest.join(':')))
    },
  }),
  // ory/hydra aead/aesgcm.go: the same bytes as Go's base64.URLEncoding
  base64url_packed: () => ({
    seal(plaintext) {
      const iv = randomBytes(12)
      const { ciphertext, tag } = gcm(hex(secret), iv, plaintext)
      const text = Buffer.concat([iv, ciphertext, tag]).toString('base64')
      return text.replaceAll('+', '-').replaceAll('/', '_')
    },
  }),
  async cloak_47ng() {
    const { encryptStringSync, decryptStringSync, parseKeySync } = require('@47ng/cloak')
    return {
      seal: (plaintext) => encryptStringSync(plaintext.toString(), secret),
      open: (stored) => decryptStringSync(stored.toString(), secret),
    }
  },
  cryptr() {
    const module = require('cryptr')
    const cryptr = new (module.default ?? module)(secret)
    return {
      seal: (plaintext) => cryptr.encrypt(plaintext.toString()),
      open: (stored) => cryptr.decrypt(stored.toString()),
    }
  },
  fnando_keyring() {
    const { keyring } = require('@fnando/keyring')
    const ring = keyring({ 1: secret }, { encryption: 'aes-256-cbc', digestSalt: '' })
    return {
      seal: (plaintext) => ring.encrypt(plaintext.toString())[0],
      open: (stored) => ring.decrypt(stored.toString(), 1),
    }
  },
  typeorm_encrypted() {
    const { encryptData, decryptData } = require('typeorm-encrypted/lib/crypto')
    const options = { key: secret, algorithm: 'aes-256-gcm', ivLength: 12, authTagLength: 16 }
    return {
      seal: (plaintext) => encryptData(plaintext, options).toString('base64'),
      open: (stored) => decryptData(Buffer.from(stored.toString(), 'base64'), options),
    }
  },
  async jose() {
    const { CompactEncrypt, compactDecrypt } = await import(require.resolve('jose'))
    const header = { alg: 'dir', enc: 'A256GCM' }
    return {
      seal: (plaintext) => new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(hex(secret)),
      open: async (stored) => (await compactDecrypt(stored, hex(secret))).plaintext,
    }
  },
  noble_ciphers() {
    const { managedNonce } = require('@noble/ciphers/webcrypto')
    const { xchacha20poly1305 } = require('@noble/ciphers/chacha')
    const cipher = managedNonce(xchacha20poly1305)(createHash('sha256').update(secret).digest())
    return {
      seal: (plaintext) => Buffer.from(cipher.encrypt(new Uint8Array(plaintext))).toString('hex'),
      open: (stored) => cipher.decrypt(new Uint8Array(hex(stored.toString()))),
    }
  },
  tweetnacl() {
    const { secretbox } = require('tweetnacl')
    return {
      seal(plaintext) {
        const nonce = randomBytes(24)
        const box = secretbox(new Uint8Array(plaintext), new Uint8Array(nonce), new Uint8Array(hex(secret)))
        return Buffer.concat([nonce, box])
      },
      open(stored) {
        const bytes = new Uint8Array(stored)
        return secretbox.open(bytes.slice(24), bytes.slice(0, 24), new Uint8Array(hex(secret)))
      },
    }
  },
  fernet() {
    const fernet = require('fernet')
    const key = new fernet.Secret(secret)
    return {
      seal: (plaintext) => new fernet.Token({ secret: key }).encode(plaintext.toString()),
      open: (stored) => new fernet.Token({ secret: key, token: stored.toString(), ttl: 0 }).decode(),
    }
  },
}

const work = (await libraries[library]())[action]
const results = []
for (const value of values) results.push(Buffer.from(await work(hex(value))).toString('hex'))
process.stdout.write(JSON.stringify(results))
