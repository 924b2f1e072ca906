//! Places for boxes and arrows, in layers from top to bottom.
//!
//! After K. Sugiyama, S. Tagawa, M. Toda, *Methods for Visual Understanding of Hierarchical System
//! Structures* (1981): layers by longest path, order by averages of neighbours. Places within a
//! layer are those nearest to the neighbours that keep order and gaps (pooling of violators).
//! An arrow over several layers gets a small item in each layer that it passes, and one of these
//! carries its label: so nothing overlaps.
//!
//! Invariants:
//!
//! * Boxes and labels do not overlap.
//! * The ends of an arrow lie on the borders of its boxes.
//! * An arrow to a later box goes down, one to an earlier box goes up.
//! * The same input gives the same places; work is near linear in the items.
//!
//! Absent by design: what boxes mean.

#![expect(clippy::indexing_slicing, reason = "numbers of items come from the lists they index")]

use std::collections::BTreeMap;

/// Free space around the picture. All lengths are pixels.
const MARGIN: i64 = 24;
/// Between two boxes of a layer.
const GAP: i64 = 36;
/// Between an arrow that passes and its neighbours.
const NARROW: i64 = 18;
/// Between two layers.
const LAYER_GAP: i64 = 22;
/// Between the ends of arrows at one border.
const PORT: i64 = 22;
/// How often the order of layers is improved.
const ORDER_ROUNDS: usize = 6;
/// How often places within layers are improved.
const PLACE_ROUNDS: usize = 24;
/// How much more a passing arrow wants to be straight than a box wants to be in the middle.
const STRAIGHT: i64 = 4;

/// How much more a passing arrow follows its other pieces than its boxes.
const FIRM: usize = 3;

/// Width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: i64,
    pub(crate) height: i64,
}

/// A wish: an arrow between two boxes, and how large its label is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) label: Size,
}

/// A placed box or label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) width: i64,
    pub(crate) height: i64,
}

/// A placed arrow: straight pieces between the points of odd and even number, curves between these.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// From the border of the first box to the border of the second: an even number of points.
    pub(crate) points: Vec<(i64, i64)>,
    pub(crate) label: Rect,
}

/// A placed picture.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) size: Size,
    pub(crate) boxes: Vec<Rect>,
    /// One for each link.
    pub(crate) routes: Vec<Route>,
}

/// The layer of each box, from 0. A link to a later box leads to a later layer, and so does one from
/// a later box, turned round.
pub(crate) fn layers(boxes: usize, links: &[Link]) -> Vec<usize> {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); boxes];
    for link in links.iter().filter(|link| link.from != link.to) {
        below[link.from.min(link.to)].push(link.from.max(link.to));
    }
    let mut layers = vec![0; boxes];
    for upper in 0..boxes {
        for lower in &below[upper] {
            layers[*lower] = layers[*lower].max(layers[upper] + 1);
        }
    }
    layers
}

/// A box, or the place where an arrow passes a layer.
#[derive(Debug)]
struct Item {
    row: usize,
    size: Size,
    passing: bool,
    /// Middle.
    x: i64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// Finds places. A link from a box to itself is not possible.
pub(crate) fn layout(boxes: &[Size], links: &[Link]) -> Layout {
    let mut picture = Picture::new(boxes, links);
    picture.order();
    picture.place();
    picture.finish(boxes.len(), links)
}

struct Picture {
    items: Vec<Item>,
    /// Items from left to right, of each row. Boxes are in even rows; labels in odd ones.
    rows: Vec<Vec<usize>>,
    /// The items of each link, from top to bottom.
    chains: Vec<Vec<usize>>,
}

impl Picture {
    fn new(boxes: &[Size], links: &[Link]) -> Self {
        let layers = layers(boxes.len(), links);
        let count = layers.iter().max().map_or(0, |last| last * 2 + 1);
        let mut picture =
            Self { items: Vec::new(), rows: vec![Vec::new(); count], chains: Vec::new() };
        for (size, layer) in boxes.iter().zip(&layers) {
            picture.add(layer * 2, *size, false);
        }
        for link in links {
            let (top, bottom) = (link.from.min(link.to), link.from.max(link.to));
            let rows = picture.items[top].row + 1..picture.items[bottom].row;
            // The label stands next to the box that the arrow leaves.
            let labelled = if link.from < link.to { rows.start } else { rows.end - 1 };
            let mut chain = vec![top];
            for row in rows {
                let size = if row == labelled { link.label } else { Size::default() };
                chain.push(picture.add(row, size, true));
            }
            chain.push(bottom);
            for pair in chain.windows(2) {
                picture.items[pair[0]].below.push(pair[1]);
                picture.items[pair[1]].above.push(pair[0]);
            }
            picture.chains.push(chain);
        }
        picture
    }

    fn add(&mut self, row: usize, size: Size, passing: bool) -> usize {
        let number = self.items.len();
        let (above, below) = (Vec::new(), Vec::new());
        self.items.push(Item { row, size, passing, x: 0, above, below });
        self.rows[row].push(number);
        number
    }

    /// Sorts each row by the average place of its neighbours, downwards and upwards in turn.
    fn order(&mut self) {
        let mut places = vec![0; self.items.len()];
        for row in &self.rows {
            number_row(row, &mut places);
        }
        for round in 0..ORDER_ROUNDS {
            let down = round % 2 == 0;
            for step in 0..self.rows.len() {
                let number = if down { step } else { self.rows.len() - 1 - step };
                let mut row = std::mem::take(&mut self.rows[number]);
                row.sort_by_cached_key(|item| {
                    let item_ref = &self.items[*item];
                    let near = if down { &item_ref.above } else { &item_ref.below };
                    let wish = mean(near.iter().map(|near| places[*near] * 1_000));
                    wish.unwrap_or(places[*item] * 1_000)
                });
                number_row(&row, &mut places);
                self.rows[number] = row;
            }
        }
    }

    fn place(&mut self) {
        for row in self.rows.clone() {
            let wishes = vec![(0, 1); row.len()];
            self.place_row(&row, &wishes);
        }
        for round in 0..PLACE_ROUNDS {
            for step in 0..self.rows.len() {
                let number = if round % 2 == 0 { step } else { self.rows.len() - 1 - step };
                let row = self.rows[number].clone();
                let wishes: Vec<(i64, i64)> = row
                    .iter()
                    .map(|item| {
                        let item = &self.items[*item];
                        // The last rounds look both ways.
                        let both = round + 2 >= PLACE_ROUNDS;
                        let near: Vec<usize> = match (both, round % 2 == 0) {
                            (false, true) => item.above.clone(),
                            (false, false) => item.below.clone(),
                            (true, _) => item.above.iter().chain(&item.below).copied().collect(),
                        };
                        // Pieces of one arrow hold each other more than boxes hold them.
                        let weighted = near.iter().flat_map(|near| {
                            let near = &self.items[*near];
                            let firm = near.passing && item.passing;
                            std::iter::repeat_n(near.x, if firm { FIRM } else { 1 })
                        });
                        let wish = mean(weighted);
                        (wish.unwrap_or(item.x), if item.passing { STRAIGHT } else { 1 })
                    })
                    .collect();
                self.place_row(&row, &wishes);
            }
        }
    }

    /// Places a row as near as possible to the wished middles (each with a weight), in order and with
    /// gaps.
    fn place_row(&mut self, row: &[usize], wishes: &[(i64, i64)]) {
        let mut offsets = Vec::with_capacity(row.len());
        let mut offset = 0;
        for (place, item) in row.iter().enumerate() {
            if let Some(before) = place.checked_sub(1).map(|before| row[before]) {
                offset += self.distance(before, *item);
            }
            offsets.push(offset);
        }
        // Blocks of items that touch: weighted sum of wishes, weight, and number of items.
        let mut blocks: Vec<(i64, i64, usize)> = Vec::new();
        for ((wish, weight), offset) in wishes.iter().zip(&offsets) {
            let mut block = ((wish - offset) * weight, *weight, 1);
            while let Some(last) =
                blocks.pop_if(|last| last.0.div_euclid(last.1) >= block.0.div_euclid(block.1))
            {
                block = (block.0 + last.0, block.1 + last.1, block.2 + last.2);
            }
            blocks.push(block);
        }
        let starts = blocks
            .iter()
            .flat_map(|block| std::iter::repeat_n(block.0.div_euclid(block.1), block.2));
        for ((item, offset), start) in row.iter().zip(&offsets).zip(starts) {
            self.items[*item].x = start + offset;
        }
    }

    /// Least distance between the middles of two neighbours in a row.
    fn distance(&self, left: usize, right: usize) -> i64 {
        let (left, right) = (&self.items[left], &self.items[right]);
        let gap = if left.passing || right.passing { NARROW } else { GAP };
        (left.size.width + 1) / 2 + (right.size.width + 1) / 2 + gap
    }

    fn finish(mut self, boxes: usize, links: &[Link]) -> Layout {
        let left = self.items.iter().map(|item| item.x - item.size.width / 2).min().unwrap_or(0);
        for item in &mut self.items {
            item.x += MARGIN - left;
        }
        let right = self.items.iter().map(|item| item.x + (item.size.width + 1) / 2).max();
        let mut spans = Vec::with_capacity(self.rows.len());
        let mut y = MARGIN;
        for row in &self.rows {
            let height = row.iter().map(|item| self.items[*item].size.height).max().unwrap_or(0);
            spans.push((y, y + height));
            y += height + LAYER_GAP;
        }
        let rects: Vec<Rect> = self.items.iter().map(|item| item.rect(&spans)).collect();
        let (outs, ins) = self.ports(links);
        let routes = self.chains.iter().enumerate().map(|(number, chain)| {
            let mut points = Vec::with_capacity(chain.len() * 2);
            for (place, item) in chain.iter().enumerate() {
                let rect = rects[*item];
                let span = spans[self.items[*item].row];
                if place == 0 {
                    points.extend([(outs[number], rect.y + rect.height), (outs[number], span.1)]);
                } else if place + 1 == chain.len() {
                    points.extend([(ins[number], span.0), (ins[number], rect.y)]);
                } else if span.0 < span.1 {
                    // A row without height holds nothing that an arrow must pass.
                    points.extend([(self.items[*item].x, span.0), (self.items[*item].x, span.1)]);
                }
            }
            let own = chain.iter().copied().filter(|item| *item >= boxes);
            let label = own.map(|item| rects[item]).find(|rect| rect.width > 0);
            if links[number].from > links[number].to {
                points.reverse();
            }
            Route { points, label: label.unwrap_or_default() }
        });
        let routes = routes.collect();
        let size = Size {
            width: right.unwrap_or(0) + MARGIN,
            height: (y - LAYER_GAP + MARGIN).max(MARGIN),
        };
        Layout { size, boxes: rects.into_iter().take(boxes).collect(), routes }
    }

    /// Where links touch the lower border of their upper box, and the upper border of their lower
    /// box: side by side in the order of where they go to.
    fn ports(&self, links: &[Link]) -> (Vec<i64>, Vec<i64>) {
        let mut lower: BTreeMap<usize, Vec<(i64, usize)>> = BTreeMap::new();
        let mut upper: BTreeMap<usize, Vec<(i64, usize)>> = BTreeMap::new();
        for (number, chain) in self.chains.iter().enumerate() {
            if let [top, second, .., before, bottom] = chain.as_slice() {
                lower.entry(*top).or_default().push((self.items[*second].x, number));
                upper.entry(*bottom).or_default().push((self.items[*before].x, number));
            } else if let [top, middle, bottom] = chain.as_slice() {
                lower.entry(*top).or_default().push((self.items[*middle].x, number));
                upper.entry(*bottom).or_default().push((self.items[*middle].x, number));
            }
        }
        let spread = |sides: BTreeMap<usize, Vec<(i64, usize)>>| {
            let mut at = vec![0; links.len()];
            for (item, mut ends) in sides {
                ends.sort_unstable();
                let item = &self.items[item];
                let count = i64::try_from(ends.len()).unwrap_or(i64::MAX);
                let room = (item.size.width - PORT).max(0);
                let gap = if count > 1 { (room / (count - 1)).min(PORT) } else { 0 };
                let start = item.x - gap * (count - 1) / 2;
                for ((_, number), place) in ends.into_iter().zip(0..) {
                    at[number] = start + gap * place;
                }
            }
            at
        };
        (spread(lower), spread(upper))
    }
}

impl Item {
    /// Boxes and labels stand at the top of their rows.
    fn rect(&self, spans: &[(i64, i64)]) -> Rect {
        let Size { width, height } = self.size;
        Rect { x: self.x - width / 2, y: spans[self.row].0, width, height }
    }
}

fn number_row(row: &[usize], places: &mut [i64]) {
    for (item, place) in row.iter().zip(0..) {
        places[*item] = place;
    }
}

fn mean(values: impl Iterator<Item = i64>) -> Option<i64> {
    let (mut sum, mut count) = (0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / count)
}

#[cfg(test)]
mod tests;
