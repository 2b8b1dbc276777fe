# Seals and opens values with Ruby's lockbox: ruby.rb LIBRARY seal|open, as python.py.

require "json"
require "stringio"
require "lockbox"

library, action = ARGV
words = JSON.parse($stdin.read)

# As a model has it whose table is called as the library here, and whose column is `value`.
key = Lockbox.attribute_key(table: library, attribute: "value", master_key: words["secret"])
box = Lockbox.new(key: key, encode: library == "lockbox")
work = { "seal" => box.method(:encrypt), "open" => box.method(:decrypt) }.fetch(action)
results = words["values"].map { |value| work.call([value].pack("H*")).unpack1("H*") }
print JSON.generate(results)
