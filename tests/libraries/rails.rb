# Seals and opens values with Rails' ActiveRecord::Encryption: rails.rb LIBRARY seal|open, as python.py.

require "json"

gems = File.join(ENV.fetch("RAILS"), "usr/share/rubygems-integration/all/gems")
$LOAD_PATH.unshift(*Dir["#{gems}/*/lib"], *Dir["#{gems}/concurrent-ruby-[0-9]*/lib/concurrent-ruby"])
require "logger"
require "active_support"
require "active_support/core_ext"
require "active_record"

library, action = ARGV
words = JSON.parse($stdin.read)

# As an application has it in config/application.rb; a new key is the last of a list.
ActiveRecord::Encryption.configure(
  primary_key: ["a key that was never used", words["secret"]],
  deterministic_key: "none is deterministic here",
  key_derivation_salt: "a salt of the application",
  hash_digest_class: library == "rails_sha1" ? OpenSSL::Digest::SHA1 : OpenSSL::Digest::SHA256,
  store_key_references: library == "rails_references"
)
encryptor = ActiveRecord::Encryption::Encryptor.new
provider = { key_provider: library == "rails_envelope" ? ActiveRecord::Encryption::EnvelopeEncryptionKeyProvider.new : nil }
work = {
  "seal" => ->(text) { encryptor.encrypt(text.force_encoding("UTF-8"), **provider.compact) },
  "open" => ->(text) { encryptor.decrypt(text.force_encoding("UTF-8"), **provider.compact) }
}.fetch(action)
results = words["values"].map { |value| work.call([value].pack("H*")).unpack1("H*") }
print JSON.generate(results)
