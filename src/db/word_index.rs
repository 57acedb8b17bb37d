//! Searching by words: the queries of a table that leads from words to what has them, in the order of
//! numbers (`domain::search`).

/// What some words lead to.
#[derive(Default)]
pub struct Gathered {
    /// Highest first.
    pub ids: Vec<i64>,
    /// The lowest number that was looked at, if there are more below.
    pub floor: Option<i64>,
}

impl Gathered {
    /// Takes what a word led to, which may have been cut.
    pub fn take(&mut self, ids: Vec<i64>, is_cut: bool) {
        self.floor = self.floor.max(ids.last().copied().filter(|_| is_cut));
        self.ids.extend(ids);
    }

    /// Puts them in order, `most` at most.
    pub fn finish(mut self, most: usize) -> Self {
        self.ids.sort_unstable_by(|a, b| b.cmp(a));
        self.ids.dedup();
        let cut = self.ids.get(most - 1).filter(|_| self.ids.len() > most).copied();
        self.floor = self.floor.max(cut);
        self.ids.retain(|id| self.floor.is_none_or(|floor| *id >= floor));
        self
    }
}

/// Writes the queries of such a table; both databases' connections compile them.
macro_rules! word_index {
    ($table:ident, $id:ident) => {
        /// Writes the words of one.
        pub(super) async fn add(
            conn: &mut Conn,
            id: i64,
            terms: &std::collections::BTreeSet<String>,
        ) -> Result<(), DbError> {
            for term in terms {
                let row = ($table::term.eq(term), $table::$id.eq(id));
                let insert =
                    diesel::insert_into($table::table).values(row).on_conflict_do_nothing();
                insert.execute(conn).await?;
            }
            Ok(())
        }

        /// Takes words away that one had, and writes those that it has.
        pub(super) async fn exchange_words(
            conn: &mut Conn,
            id: i64,
            old: &std::collections::BTreeSet<String>,
            new: &std::collections::BTreeSet<String>,
        ) -> Result<(), DbError> {
            for term in old.difference(new) {
                diesel::delete($table::table.find((term, id))).execute(conn).await?;
            }
            add(conn, id, new).await
        }

        /// The first words with that beginning, after `after` and `most` at most: a look into the index
        /// for each.
        pub async fn beginning_with(
            conn: &mut Conn,
            beginning: &str,
            after: Option<&str>,
            most: usize,
        ) -> Result<Vec<String>, DbError> {
            let end = search::after_all_with(beginning);
            let mut found: Vec<String> = Vec::new();
            while found.len() < most {
                let words = $table::table
                    .filter($table::term.lt(&end))
                    .order($table::term)
                    .select($table::term)
                    .into_boxed();
                // One lower bound, never two: an index is entered at one of them, perhaps the lower.
                let words = match found.last().map(String::as_str).or(after) {
                    Some(last) => words.filter($table::term.gt(last.to_owned())),
                    None => words.filter($table::term.ge(beginning)),
                };
                match words.first(conn).await.optional()? {
                    Some(word) => found.push(word),
                    None => break,
                }
            }
            Ok(found)
        }

        /// Those with a word, the highest numbers below `below` first.
        pub async fn with_word(
            conn: &mut Conn,
            term: &str,
            below: i64,
            most: i64,
        ) -> Result<Vec<i64>, DbError> {
            Ok($table::table
                .filter($table::term.eq(term))
                .filter($table::$id.lt(below))
                .order($table::$id.desc())
                .limit(most)
                .select($table::$id)
                .load(conn)
                .await?)
        }

        /// Those with one of the words, the highest numbers below `below`.
        pub(super) async fn gather(
            conn: &mut Conn,
            words: &[String],
            below: i64,
            (of_a_word, of_all): (i64, usize),
        ) -> Result<crate::db::word_index::Gathered, DbError> {
            let mut all = crate::db::word_index::Gathered::default();
            for word in words {
                let ids = with_word(conn, word, below, of_a_word).await?;
                let is_cut = i64::try_from(ids.len()).is_ok_and(|count| count == of_a_word);
                all.take(ids, is_cut);
            }
            Ok(all.finish(of_all))
        }
    };
}

pub(crate) use word_index;
