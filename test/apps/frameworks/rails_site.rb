# The same three verbs as the programs beside this one, by Rails' Active Record: make, seed N, read.

require 'active_record'
require 'base64'
require 'json'

url = ENV.fetch('DATABASE_URL')
ActiveRecord::Base.establish_connection(
  url.start_with?('file:') ? { adapter: 'sqlite3', database: url.delete_prefix('file:') } : url
)
Time.zone = 'America/New_York'
ActiveRecord::Base.time_zone_aware_attributes = true

class First < ActiveRecord::Migration[6.1]
  def change
    create_table :authors do |t|
      t.string :email, null: false, index: { unique: true }
      t.string :name, null: false
      t.datetime :joined_at, null: false, precision: 6
      t.date :birthday
      t.time :wakes_at
      t.boolean :active, null: false, default: true
      t.json :settings, null: false
      t.decimal :balance, precision: 12, scale: 2, null: false
      t.bigint :points, null: false
      t.binary :avatar
      t.timestamps
    end
    create_table :posts do |t|
      t.references :author, null: false, foreign_key: { on_delete: :cascade }
      t.string :title, null: false
      t.text :body
      t.float :rating, null: false
      t.datetime :published_at, index: true
    end
    create_table(:tags) { |t| t.string :name, null: false, index: { unique: true } }
    create_join_table(:posts, :tags) { |t| t.index %i[post_id tag_id], unique: true }
  end
end

class Author < ActiveRecord::Base
  has_many :posts, -> { order(:id) }
end

class Post < ActiveRecord::Base
  belongs_to :author
  has_and_belongs_to_many :tags, -> { order(:id) }
end

class Tag < ActiveRecord::Base
end

def make
  ActiveRecord::Migration.verbose = false
  proxy = ActiveRecord::MigrationProxy.new('First', 20_240_101_000_000, __FILE__, '')
  proxy.instance_variable_set(:@migration, First.new('First', 20_240_101_000_000))
  ActiveRecord::Migrator.new(:up, [proxy], ActiveRecord::SchemaMigration).migrate
end

def seed(number)
  given = JSON.parse(File.read(File.join(__dir__, 'data.json'))).fetch(number)
  at = Time.zone.parse(given['joinedAt'])
  author = Author.create!(
    email: given['email'], name: given['name'], joined_at: at, birthday: given['birthday'],
    wakes_at: '06:30:01', active: given['active'], settings: given['settings'], balance: given['balance'],
    points: given['points'], avatar: given['avatar'] && Base64.decode64(given['avatar']), created_at: at, updated_at: at
  )
  given['posts'].each do |one|
    tags = one['tags'].map { |name| Tag.find_or_create_by!(name: name) }
    author.posts.create!(title: one['title'], body: one['body'], rating: one['rating'],
                         published_at: one['publishedAt'], tags: tags)
  end
end

# Values with their types, which JSON has no words for.
def typed(value)
  case value
  when Hash then value.transform_values { |one| typed(one) }
  when Array then value.map { |one| typed(one) }
  when Numeric, true, false, nil then value.is_a?(BigDecimal) ? { decimal: value.to_s } : value
  when String then value.encoding == Encoding::BINARY ? { bytes: value.unpack1('H*') } : value
  else { value.class.name => value.respond_to?(:iso8601) ? value.iso8601(*(value.is_a?(Date) ? [] : [6])) : value.to_s }
  end
end

def read
  authors = Author.order(:id).map do |author|
    posts = author.posts.map { |post| post.attributes.merge('tags' => post.tags.map(&:attributes)) }
    author.attributes.merge('posts' => posts)
  end
  puts JSON.generate(typed(authors))
end

verb, number = ARGV
case verb
when 'make' then make
when 'seed' then seed(number)
else read
end
